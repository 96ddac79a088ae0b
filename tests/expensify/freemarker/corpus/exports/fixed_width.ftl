<#list reports as r>
<#list r.transactionList as e>
${r.reportID?right_pad(14)}${e.merchant?left_pad(18, ".")}${((e.amount / 100)?string("0.00"))?left_pad(12)}|${(e.category!"")?right_pad(10, "-=")}|
</#list>
</#list>
