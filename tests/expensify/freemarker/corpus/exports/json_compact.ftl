<#ftl output_format="JSON">
{<#list reports as r>"${r.reportID?json_string}":{<#list r.transactionList as e>"${e.transactionID}":${(e.amount/100)?c}<#sep>,</#list>}<#sep>,</#list>}
