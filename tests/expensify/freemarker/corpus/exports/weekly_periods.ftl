<#list reports as r><#list r.transactionList as e><#assign d = e.created?date("yyyy-MM-dd")>
${d?string("yyyy")}-W${d?string("ww")} ${d?string("EEE d MMM")} ${(d gte "2024-02-13"?date("yyyy-MM-dd"))?then("late", "early")}
</#list></#list>
