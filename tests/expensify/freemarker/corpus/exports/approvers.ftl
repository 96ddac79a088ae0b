<#list reports as r>
${r.reportID}: <#if r.approvers?has_content><#list r.approvers as a>${a.fullName!a.email} on ${a.date}<#sep>; </#sep></#list><#else>nobody</#if>
</#list>
