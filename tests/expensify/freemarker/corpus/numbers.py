"""The built-ins for numbers and booleans, and the patterns of DecimalFormat."""

# One template a line, however long it is.
# ruff: noqa: E501

CASES = {
    "c": "${n?c} ${d?c} ${long?c} ${big?c} ${f?c} ${yes?c} ${0.00000000001?c} ${(1 / 3)?c}",
    "rounding built-ins": "${2.5?round} ${-2.5?round} ${2.4?round} ${2.1?ceiling} ${-2.1?ceiling} ${2.9?floor} ${-2.1?floor} ${2.9?int} ${-2.9?int}",
    "wrapping built-ins": "${3000000000?int} ${big?long} ${70000?short} ${300?byte} ${1.9?long}",
    "float and double": "${d?float} ${d?double} ${(1 / 3)?double} ${n?double}",
    "abs": "${neg?abs} ${d?abs} ${(0 - 2.5)?abs}",
    "abc": "${1?lower_abc} ${26?lower_abc} ${27?lower_abc} ${28?upper_abc} ${703?upper_abc}",
    "nan": "${n?is_nan?c} ${f?is_infinite?c}",
    "two decimals": "${n?string('0.00')} ${d?string('0.00')} ${neg?string('0.00')} ${f?string('0.00')} ${(cents / 100)?string('0.00')}",
    "half even": "${0.125?string('0.00')} ${0.135?string('0.00')} ${0.5?string('0')} ${1.5?string('0')} ${2.5?string('0')} ${(-0.5)?string('0')}",
    "half even of floats": "${half?string('0')} ${f?string('0.0')} ${(1.005?double)?string('0.00')}",
    "optional decimals": "${n?string('0.##')} ${d?string('0.##')} ${2.5?string('0.0#')} ${0.5?string('#.##')} ${0.5?string('#.00')} ${0?string('#.##')} ${0.5?string('.##')}",
    "grouping": "${cents?string('#,##0')} ${cents?string('#,##0.00')} ${999?string('#,##0')} ${1234567.891?string(',##0.##')} ${12345678?string('#,####')}",
    "leading zeros": "${n?string('000')} ${neg?string('000')} ${12345?string('000')}",
    "percent": "${0.256?string('0%')} ${0.256?string('0.0%')} ${0.256?string.percent} ${0.5?string('‰0')}",
    "negative pattern": "${neg?string('0.00;(0.00)')} ${n?string('0.00;(0.00)')} ${neg?string('0.00;0.00-')}",
    "negative zero": "${(0 - 0.001)?string('0.00')} ${(0 - 0.0000001)}",
    "affixes": "${n?string('$0.00')} ${n?string(\"0.00 'EUR'\")} ${n?string(\"'#'0\")} ${n?string('\u00a40.00')} ${n?string('0.00 \u00a4\u00a4')}",
    "scientific": "${cents?string('0.###E0')} ${0.00012?string('0.##E00')} ${cents?string('##0.##E0')} ${0?string('0.0E0')}",
    "rounding modes": "${1.25?string('0.0;; roundingMode=halfUp')} ${1.21?string('0.0;; roundingMode=up')} ${1.29?string('0.0;; roundingMode=down')} ${(-1.25)?string('0.0;; roundingMode=ceiling')}",
    "separators": "${1234.5?string(\"#,##0.00;; decimalSeparator=',' groupingSeparator='.'\")} ${12?string('0;; multiplier=100')}",
    "named formats": "${1234.5?string.number} ${1234.5?string.currency} ${neg?string.currency} ${1234.5?string.computer} ${1234.56789?string}",
    "pattern by key": "${d?string['0.0']} ${d?string[0]} ${s?string[1..3]} ${day?string['yyyy']} ${cents?string[1..*2]}",
    "bad patterns": "<#attempt>${n?string('0.0.0')}<#recover>error</#attempt> <#attempt>${n?string(\"0'\")}<#recover>error</#attempt> <#attempt>${n?string('#0#')}<#recover>error</#attempt>",
    "boolean words": "${yes?string('ja', 'nein')} ${no?string('ja', 'nein')} ${yes?string} ${(n gt 3)?string(\"Yes\", \"No\")}",
    "boolean words that are missing": "a${yes?string(gone, 'x')}b",
    "large numbers": "${big} ${big + 1} ${big * big} ${123456789012345678901234567890.123} ${big?string('#,##0')}",
    "small numbers": "${0.0000005} ${0.0000015} ${0.0000025} ${-0.0000005}",
    "no negative zero": "${-d * 0} ${(-d * 0)?abs?string('0.0;(0.0)')} ${(-d * 0)?c} ${(-d * 0)?string('0.00')} ${((-d * 0) == 0)?c}",
    "trailing zeros": "${1.10} ${100} ${100.00} ${1.10 + 0.90}",
    "number dates": "${1709211909120?number_to_datetime?string.iso} ${0?number_to_date?string.iso}",
}
