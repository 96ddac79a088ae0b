<#function quoted value>
  <#if !value?has_content>
    <#return "">
  </#if>
  <#return '"' + value?string?replace('"', '""')?replace("\r\n", " ")?replace("\n", " ") + '"'>
</#function>
<#function money cents>
  <#return (cents / 100)?string("0.00")>
</#function>
Report,Merchant,Comment,Amount
<#list reports as report>
<#list report.transactionList as e>
${quoted(report.reportName)},${quoted(e.modifiedMerchant!e.merchant)},${quoted(e.comment)},${money(e.modifiedAmount!e.amount)}
</#list>
</#list>
