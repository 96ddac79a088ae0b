<#macro cell text last=false>"${text?replace("\"", "\"\"")}"<#if !last>,</#if></#macro>
<#list reports as report>
  <#list report.transactionList as e>
    <@cell report.reportID/><#t>
    <@cell e.merchant/><#t>
    <@cell text=e.category last=true/><#lt>
  </#list>
</#list>
