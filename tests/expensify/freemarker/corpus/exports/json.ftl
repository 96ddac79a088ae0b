[<#list reports as report>
{"id": "${report.reportID}", "title": "${report.reportName?json_string}", "total_cents": ${report.total?c}, "expenses": [
<#list report.transactionList as e>
  {"merchant": "${(e.modifiedMerchant!e.merchant)?json_string}", "amount": ${e.amount?c}, "billable": ${e.billable?c}, "comment": "${e.comment?json_string}", "tag": "${e.tag?json_string}"}<#if e?has_next>,</#if>
</#list>
]}<#if report_has_next>,</#if>
</#list>]
