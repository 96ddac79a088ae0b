<#function plain text><#return text?replace("&lt;", "<")?replace("&gt;", ">")?replace("&quot;", '"')?replace("&amp;", "&")></#function>
<#list reports as r><#list r.transactionList as e>
${plain(e.merchant)}
</#list></#list>
