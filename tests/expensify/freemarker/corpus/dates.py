"""Dates: patterns, styles, ISO, parsing."""

# One template a line, however long it is.
# ruff: noqa: E501

CASES = {
    "default formats": "${day} ${at} ${at?date} ${at?time}",
    "styles": "${at?string.short} | ${at?string.medium} | ${at?string.long} | ${at?string.full} | ${day?string.short} | ${at?time?string.short}",
    "mixed styles": "${at?string.short_medium} | ${at?string('medium_short')} | ${at?string.long_full} | ${at?string.full_short}",
    "patterns": "${day?string('yyyy-MM-dd')} ${day?string('M/d/yyyy')} ${day?string('dd.MM.yy')} ${day?string('d. MMMM yyyy')} ${day?string('EEE, MMM d')} ${day?string('EEEE')}",
    "time patterns": "${at?string('HH:mm:ss')} ${at?string('hh:mm a')} ${at?string('h:mm:ss.SSS')} ${at?string('k K H')}",
    "rare letters": "${at?string('G y yyyyy D DDD w W F u E')}",
    "zones": "${at?string('z Z X XX XXX')}",
    "quotes in patterns": "${day?string(\"yyyy'W'w ''\")} ${day?string(\"'o''clock'\")}",
    "iso": "${at?string.iso} ${day?string.iso} ${at?time?string.iso} ${at?string('iso m nz')} ${at?string('iso_ms_u')} ${at?string('iso h')}",
    "xs": "${at?string.xs} ${day?string.xs} ${at?time?string.xs} ${day?string('xs nz')}",
    "iso built-ins": "${at?iso_utc} ${at?iso_utc_nz} ${at?iso_utc_ms} ${at?iso_utc_m_nz} ${at?iso_local} ${at?iso('Asia/Tokyo')} ${day?iso_utc}",
    "reading": "${'2024-02-29'?date('yyyy-MM-dd')?string('M/d/yy')} ${'2/29/24'?date('M/d/yy')?string.iso} ${'20240229'?date('yyyyMMdd')?string.iso} ${'Feb 29, 2024'?date('MMM d, yyyy')?string.iso}",
    "reading times": "${'2024-02-29 13:05:09'?datetime('yyyy-MM-dd HH:mm:ss')?string.iso} ${'1:05 PM'?time('h:mm a')?string('HH:mm')} ${'12:30 am'?time('h:mm a')?string('HH:mm')}",
    "reading zones": "${'2024-02-29 10:00 +0530'?datetime('yyyy-MM-dd HH:mm Z')?string.iso} ${'2024-02-29T10:00-05:00'?datetime(\"yyyy-MM-dd'T'HH:mmXXX\")?string.iso}",
    "reading leniently": "${'2023-02-30'?date('yyyy-MM-dd')?string.iso} ${'2023-13-01'?date('yyyy-MM-dd')?string.iso} ${'2024-02-29 and more'?date('yyyy-MM-dd')?string.iso}",
    "reading iso": "${'2024-02-29'?date.iso?string('d.M.')} ${'2024-02-29T13:05:09Z'?datetime.iso?string('HH:mm')} ${'2024-02-29T13:05:09.5+02:00'?datetime.xs?string.iso} ${'13:05:09'?time.iso?string('h')}",
    "reading what is no date": "<#attempt>${'x'?date('yyyy-MM-dd')?string.iso}<#recover>error</#attempt> <#attempt>${'2024-02-29'?date}<#recover>error</#attempt> <#attempt>${'2023-02-30'?date.iso}<#recover>error</#attempt>",
    "parts": "${at?date?string.iso} ${at?time?string.iso} ${at?datetime?string.iso} ${day?date?string.iso} <#attempt>${day?time}<#recover>error</#attempt>",
    "parts keep the time": "${'2024-02-29 13:05'?date('yyyy-MM-dd HH:mm')?string('HH:mm')}",
    "comparison": "${('2024-01-01'?date.iso lt '2024-02-01'?date.iso)?c} ${(day == '2024-02-29'?date.iso)?c} <#attempt>${(day == at)?c}<#recover>error</#attempt>",
    "sums of text": "${'on ' + day} ${day + ''}",
    "date as text": "${day?length} ${day?contains('2024')?c}",
    "now": "${.now?is_datetime?c} ${(.now?string('yyyy')?number gt 2020)?c} ${(.now gte at)?c}",
    "bad patterns": "<#attempt>${day?string('yyyy-QQ')}<#recover>error</#attempt> <#attempt>${day?string(\"'open\")}<#recover>error</#attempt> <#attempt>${day?string('iso foo')}<#recover>error</#attempt>",
    "expense date idiom": "<#assign created = '2024-02-29'>${created?date('yyyy-MM-dd')?string('MM/dd/yyyy')}",
    "two-digit years": "${'1/1/30'?date('M/d/yy')?string('yyyy')} ${'1/1/99'?date('M/d/yy')?string('yyyy')} ${'1/1/2030'?date('M/d/yy')?string('yyyy')}",
}
