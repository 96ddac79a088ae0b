<#assign line = 0>
<#list reports as r>
  <#assign sum = 0>
  <#list r.transactionList as e>
    <#assign line = line + 1 sum = sum + (e.convertedAmount!e.modifiedAmount!e.amount)>
    ${line?string("0000")};D;${(e.categoryGlCode)!"9999"};${((e.convertedAmount!e.modifiedAmount!e.amount) / 100)?string("0.00")}<#lt>
  </#list>
  <#if sum != 0>
    <#assign line++>
    ${line?string("0000")};C;2000;${(-sum / 100)?string("0.00;(0.00)")}<#lt>
  </#if>
</#list>
