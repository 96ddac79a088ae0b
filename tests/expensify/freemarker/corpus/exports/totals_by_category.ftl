<#assign totals = {}>
<#list reports as r>
  <#list r.transactionList as e>
    <#assign key = e.category?has_content?then(e.category, "(none)")>
    <#assign totals = totals + {key: (totals[key]!0) + e.amount}>
  </#list>
</#list>
<#list totals?keys?sort as key>
${key},${(totals[key] / 100)?string("#,##0.00")}
</#list>
<#assign all = 0><#list totals?values as v><#assign all = all + v></#list>
Total,${(all / 100)?string("#,##0.00")}
