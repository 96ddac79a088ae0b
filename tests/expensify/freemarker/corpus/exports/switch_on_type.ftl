<#list reports as r>
<#list r.transactionList as e>
<#switch e.type>
  <#case "distance">
    ${e.units.count} ${e.units.unit} at ${e.units.rate?string("0.00")} = ${e.units.count * e.units.rate}
    <#break>
  <#case "time">
    ${e.units.count} h
    <#break>
  <#default>
    ${e.merchant}
</#switch>
</#list>
</#list>
