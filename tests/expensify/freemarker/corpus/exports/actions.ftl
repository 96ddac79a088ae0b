<#list reports as r>
<#list r.actionList! as a>
${r.reportID},${a.action},${a.created?keep_before(" ")},"${(a.details.message)!""}"
</#list>
</#list>
