<#assign emails = []>
<#list reports as r>
<#if !emails?seq_contains(r.accountEmail)><#assign emails = emails + [r.accountEmail]></#if>
</#list>
<#list emails?sort as email>
${email}: <#list reports?filter(r -> r.accountEmail == email) as r>${r.reportID} (${r.total?c})<#sep>, </#list>
</#list>
