<#escape x as x?xml>
<?xml version="1.0" encoding="UTF-8"?>
<reports>
<#list reports as r>
  <report id="${r.reportID}" name="${r.reportName}">
    <#list r.transactionList as e>
    <expense amount="${e.amount?c}">
      <merchant>${e.merchant}</merchant>
      <#if e.comment?has_content>
      <comment>${e.comment}</comment>
      </#if>
    </expense>
    </#list>
  </report>
</#list>
</reports>
</#escape>
