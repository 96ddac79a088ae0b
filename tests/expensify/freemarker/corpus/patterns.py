"""Java's regular expressions: what they match, and what is refused."""

_TEXT = r"abc aabb,AB;\n xyz.é a-{c}\r\n12\t_"
_PATTERNS = {
    "look-around": ["a(?=b)", "a(?!b)", "(?<=a)b", "(?<!a)b", r"(?<=^|,)\w", "(?=a)*", "(?!)"],
    "back references": [r"(\w)\1", r"(?<q>\w)\k<q>", r"(?i)(a)\1", r"(a)\2", r"(a)(b)\10", r"(\2b|(a))+", r"\1(a)"],
    "possessive and atomic": ["a++b", "a*+a", "a?+b", "a{1,2}+b", "(?>a+)b", "(?>a|ab)c"],
    "quantifiers": ["a{2}", "a{1,}b", "a{0}", "(a?)*b", "(a|b*)*c", "(|a)b", "a??b", "^*a", "a{,2}", "a**", "{", "a{1"],
    "any case": [
        "(?i)AB|c",
        "(?i:x)|Y",
        "(?i)(?:a(?-i)b)c",
        "(?i)[A-C]",
        "(?i)[^A-C]",
        "(?i)É",
        "(?iu)É",
        r"(?i)\p{Lu}+",
    ],
    "modes": ["(?s).", ".", "(?m)^.", "(?m).$", "(?x) a # c\n b", r"(?x)a\ b", "(?x)[a #b]", "(?s-i:.)", "(?y)a"],
    "places": ["^", "$", r"\A\w", r"\w\Z", r"\w\z", r"\b", r"\B\w", "(?m)^", "(?m)$"],
    "shorthands": [r"\d", r"\D", r"\w+", r"\W", r"\s", r"\S+", r"\h", r"\H+", r"\v", r"\V+", r"\R", r"\X", r"\y"],
    "classes": [
        "[^a]",
        "[]a]",
        "[a-]",
        r"[\-a]",
        r"[a\]b]",
        r"[\w-z]",
        r"[\Q.-\E]",
        "[a&b]",
        "[[:alpha:]]",
        "[😀a]",
        "[a",
    ],
    "classes put together": [
        "[a-c&&b]",
        "[a-c&&[^b]]",
        "[^a-c&&[b-x]]",
        "[a[xy]]",
        "[a[^b]]",
        "[a&&]",
        r"[\w&&\D&&[^a]]",
    ],
    "classes are not Python's": [
        "[a-z--b]",
        "[a||b]",
        "[a~~b]",
        "(?|a)",
        "(?P<n>a)",
        "(?#c)a",
        "(a){e<=1}",
        r"\m",
        r"\K",
    ],
    "properties": [r"\p{L}+", r"\P{L}", r"\pL", r"\p{Lu}", r"\p{IsLu}", r"\p{Upper}", r"\p{Punct}", r"\p{IsLatin}"],
    "more properties": [r"\p{IsAlphabetic}", r"\p{IsPunctuation}", r"\p{InBasicLatin}", r"\p{sc=Latin}", r"\p{upper}"],
    "characters": [
        r"\x61",
        r"\x{1F600}",
        r"\u0061",
        r"\0141",
        r"\cI",
        r"\t|\n|\r",
        r"\.",
        "[.]",
        r"\{",
        r"\Q.\E|\Qab",
        r"\x6",
    ],
    "groups": ["(?:a)(b)", "(?<x>a)(?<x>b)", "(?<1>a)", "(", "a)", "a|", "|a", "()", "(?", r"\k<z>", "\\"],
}


_ENDS = {"classes": "😀", "characters": "😀"}
"""Of the text: Java may also match between the two halves of an emoji, which prints two question marks."""


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\") + "'"


def _template(patterns: list[str], end: str) -> str:
    listed = ",\n".join(map(_literal, patterns))
    return (
        f'<#assign s = "{_TEXT}{end}"><#list [{listed}] as p>'
        "${p}:<#attempt>${s?replace(p, '<$0>', 'r')}|${s?split(p, 'r')?join('/')}|${s?matches(p)?size}"
        "<#recover>error</#attempt>\n</#list>"
    )


CASES = {name: _template(patterns, _ENDS.get(name, "")) for name, patterns in _PATTERNS.items()}
