<#list reports as report>
<#list report.transactionList as e>
${e.transactionID},${e.ntag1},${e.ntag2},${e.units.count},${e.taxCode},${e.receiptObject.url},${e.billable},${e.mcc}
</#list>
</#list>
