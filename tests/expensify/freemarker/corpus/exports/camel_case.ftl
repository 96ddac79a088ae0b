<#list reports as r>
<#if r.status == "Open">open<#elseIf r.status?startsWith("Reim")>paid<#else>${r.status?upperCase}</#if> ${r.reportName?capFirst} ${r.transactionList?hasContent?string("full", "empty")}
</#list>
