<#if addHeader == true>
  Report,Date,Merchant,Amount,Currency,Billable<#lt>
</#if>
<#list reports as report>
  <#list report.transactionList as expense>
    "${report.reportID}",<#t>
    ${expense.created},<#t>
    "${expense.merchant?replace('"', '""')}",<#t>
    ${(expense.amount / 100)?string("0.00")},<#t>
    ${expense.currency},<#t>
    ${expense.billable?string("yes", "no")}<#lt>
  </#list>
</#list>
