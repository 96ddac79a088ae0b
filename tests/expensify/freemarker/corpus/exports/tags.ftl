<#list reports as r>
<#list r.transactionList as e>
<#assign levels = e.tag?split(":")>
${e.transactionID?substring(15)}|<#list levels as level>${level}<#sep>|</#list>|${levels?size}|${e.tag?replace("\\:", "§")?split(":")?join("/")}
</#list>
</#list>
