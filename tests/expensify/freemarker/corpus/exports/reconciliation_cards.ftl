<#list cards as number, card>
${number?left_pad(6, "*")},"${card.name}",<#list card.reports as id, report>${id}:${(report.total / 100)?string("0.00")}<#else>none</#list>
</#list>
