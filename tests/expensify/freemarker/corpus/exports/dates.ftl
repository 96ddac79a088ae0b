<#list reports as r>
${r.reportID},${r.created?substring(0, 10)?date("yyyy-MM-dd")?string("M/d/yyyy")},<#if r.submitted?has_content>${r.submitted[0..9]?date("yyyy-MM-dd")?string("dd.MM.yy")}</#if>,${(r.approved!"")?has_content?then("approved", "open")}
</#list>
