<table>
<#list reports as r>
<#list r.transactionList>
<tr><th colspan="2">${r.reportName?html}</th></tr>
<#items as e>
<tr class="${e?item_parity}"><td>${e?counter}</td><td>${e.merchant?html}</td></tr>
</#items>
<#else>
<tr><td>${r.reportName}: nothing</td></tr>
</#list>
</#list>
</table>
