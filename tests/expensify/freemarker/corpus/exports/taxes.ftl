Merchant,Net,Tax,Rate
<#list reports as r>
<#list r.transactionList as e>
<#if e.hasTax>
<#assign gross = e.modifiedAmount!e.amount tax = e.modifiedTaxAmount!e.taxAmount!0>
${e.modifiedMerchant!e.merchant},${((gross - tax) / 100)?string("0.00")},${(tax / 100)?string("0.00")},${e.taxRate!} ${e.taxName!}
</#if>
</#list>
</#list>
