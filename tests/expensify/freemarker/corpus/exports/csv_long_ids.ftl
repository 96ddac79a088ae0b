ID;Receipt
<#list reports as r>
<#list r.transactionList as e>
'${e.transactionID};<#if e.receiptObject?has_content>${e.receiptObject.url}<#else>-</#if>
</#list>
</#list>
