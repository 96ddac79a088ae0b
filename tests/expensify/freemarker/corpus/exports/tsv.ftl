<#list reports as r><#list r.transactionList as e>
${r.reportID}	${e.created}	${e.merchant!}	${(e.amount/100)?string["0.00"]}
</#list></#list>
