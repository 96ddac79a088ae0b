<#list reports as r>
${r.reportID}<#list r.customField! as name, value>,${name?replace("_", " ")}=${value}</#list>,${(r.customField.Cost_Center)!"-"}
</#list>
