<#compress>

  <#list reports as r>

     ${r.reportName}     (${r.status})

     <#list r.transactionList as e>
        - ${e.merchant}   ${e.amount / 100}
     </#list>

  </#list>
</#compress>
