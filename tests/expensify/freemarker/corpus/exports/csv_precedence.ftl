<#if addHeader>
Merchant,Amount,Date
</#if>
<#list reports as report>
 <#list report.transactionList as expense>
  <#if expense.modifiedMerchant?has_content>
   <#assign merchant = expense.modifiedMerchant>
  <#else>
   <#assign merchant = expense.merchant>
  </#if>
  <#if expense.convertedAmount?has_content>
   <#assign amount = expense.convertedAmount / 100>
  <#elseif expense.modifiedAmount?has_content>
   <#assign amount = expense.modifiedAmount / 100>
  <#else>
   <#assign amount = expense.amount / 100>
  </#if>
  <#if expense.modifiedCreated?has_content>
   <#assign created = expense.modifiedCreated>
  <#else>
   <#assign created = expense.created>
  </#if>
  ${merchant},<#t>
  ${amount},<#t>
  ${created}<#lt>
 </#list>
</#list>
