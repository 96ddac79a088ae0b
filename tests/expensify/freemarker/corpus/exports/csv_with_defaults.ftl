<#list reports as report><#list report.transactionList as e>
${report.reportID},${e.modifiedMerchant!e.merchant},${(e.convertedAmount!e.modifiedAmount!e.amount)?c},${e.ntag1!""},${e.tag!},${e.taxCode!"none"}
</#list></#list>
