"""Templates that hypothesis generates from the language's grammar, with the names of data.py."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

_WHITE = st.sampled_from(["", " ", "  ", "\t", "\n", "\n\n", "\r\n", " \n", "\n  ", "\n\t", " \r\n "])
_WORDS = st.sampled_from(["x", "a,b", "total:", '"', "$", "<", "é", "😀", "1", "}", "#", "-"])
TEXT = st.lists(_WHITE | _WORDS, min_size=1, max_size=4).map("".join)
_LITERAL_TEXT = st.sampled_from(["", "a", "o", " ", "two", "ll", ",", "Hello World", "é", "B", "10", "-1.5"])

_STRING_NAMES = st.sampled_from(
    ["s", "empty", "blank", "quote", "emoji", "lines", "m.b", "m.c.d", "gone", "none", "m.gone"]
)
_NUMBER_NAMES = st.sampled_from(["n", "zero", "neg", "cents", "big", "d", "long", "f", "half", "m.a", "gone"])
_BOOLEAN_NAMES = st.sampled_from(["yes", "no", "gone"])
_LIST_NAMES = st.sampled_from(["xs", "ss", "nothing", "people[0].tags", "gone"])
_ANY_NAMES = st.sampled_from(
    ["s", "n", "yes", "xs", "m", "gone", "none", "void", "nothing", "day", "people[2].nick", "m.gone"]
)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


STRING: SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        _LITERAL_TEXT.map(quoted),
        _STRING_NAMES,
        st.builds("{}?{}".format, _atom(STRING), st.sampled_from(_PLAIN_STRING_BUILTINS)),
        st.builds("{}?{}({})".format, _atom(STRING), st.sampled_from(_ONE_STRING_BUILTINS), _LITERAL_TEXT.map(quoted)),
        st.builds("{}?replace({}, {})".format, _atom(STRING), STRING, _LITERAL_TEXT.map(quoted)),
        st.builds("{}?{}({})".format, _atom(STRING), st.sampled_from(["left_pad", "right_pad"]), st.integers(0, 12)),
        st.builds("{}[{}..{}]".format, _atom(STRING), st.integers(0, 4), st.integers(0, 6)),
        st.builds("{}[{}..*{}]".format, _atom(STRING), st.integers(0, 4), st.integers(-2, 6)),
        st.builds("({} + {})".format, STRING, STRING | NUMBER),
        st.builds("({}!{})".format, _atom(STRING), STRING),
        st.builds("{}?then({}, {})".format, _atom(BOOLEAN), STRING, STRING),
        st.builds("{}?string({})".format, _atom(NUMBER), st.sampled_from(_NUMBER_FORMATS).map(quoted)),
        st.builds("{}?string({}, {})".format, _atom(BOOLEAN), STRING, _LITERAL_TEXT.map(quoted)),
        st.builds("{}?c".format, _atom(NUMBER | BOOLEAN)),
        st.builds("{}?join({})".format, _atom(LIST), _LITERAL_TEXT.map(quoted)),
        st.builds("{}?string({})".format, st.sampled_from(["day", "at"]), st.sampled_from(_DATE_FORMATS).map(quoted)),
        st.builds('"<${{{}}}>"'.format, NUMBER.filter(lambda e: '"' not in e)),
    )
)
NUMBER: SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        st.sampled_from(["0", "1", "2", "10", "0.5", "3.14159", "100", "12345.678", "1000000"]),
        _NUMBER_NAMES,
        st.builds("({} {} {})".format, NUMBER, st.sampled_from("+-*/%"), NUMBER),
        st.builds("{}?{}".format, _atom(NUMBER), st.sampled_from(["abs", "round", "floor", "ceiling", "int", "long"])),
        st.builds("-{}".format, _atom(NUMBER)),
        st.builds("{}?length".format, _atom(STRING)),
        st.builds("{}?index_of({})".format, _atom(STRING), _LITERAL_TEXT.map(quoted)),
        st.builds("{}?size".format, _atom(LIST)),
        st.builds("{}?{}".format, _atom(LIST), st.sampled_from(["first", "last", "min", "max"])),
        st.builds("{}?seq_index_of({})".format, _atom(LIST), NUMBER | STRING),
        st.builds("({}!{})".format, _atom(NUMBER), NUMBER),
        st.builds("{}[{}]".format, _atom(LIST), st.integers(0, 3)),
    )
)
BOOLEAN: SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        st.sampled_from(["true", "false"]),
        _BOOLEAN_NAMES,
        st.builds("({} {} {})".format, NUMBER, st.sampled_from(["==", "!=", "lt", "lte", "gt", "gte"]), NUMBER),
        st.builds("({} {} {})".format, STRING, st.sampled_from(["==", "!="]), STRING),
        st.builds("({} {} {})".format, BOOLEAN, st.sampled_from(["&&", "||"]), BOOLEAN),
        st.builds("!{}".format, _atom(BOOLEAN)),
        st.builds("{}?has_content".format, _atom(st.one_of(_ANY_NAMES, STRING, LIST))),
        st.builds("{}??".format, _atom(_ANY_NAMES | NUMBER)),
        st.builds("{}?{}({})".format, _atom(STRING), st.sampled_from(_TEST_BUILTINS), _LITERAL_TEXT.map(quoted)),
        st.builds("{}?seq_contains({})".format, _atom(LIST), NUMBER | STRING),
        st.builds(
            "{}?is_{}".format, _atom(_ANY_NAMES), st.sampled_from(["string", "number", "boolean", "sequence", "hash"])
        ),
    )
)
LIST: SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        _LIST_NAMES,
        st.lists(NUMBER, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(_LITERAL_TEXT.map(quoted), max_size=4).map(lambda items: f"[{', '.join(items)}]"),
        st.builds("({}..{})".format, st.integers(-2, 4), st.integers(-2, 6)),
        st.builds("{}?{}".format, _atom(LIST), st.sampled_from(["sort", "reverse"])),
        st.builds("{}?split({})".format, _atom(STRING), _LITERAL_TEXT.map(quoted)),
        st.builds("({} + {})".format, LIST, LIST),
        st.builds("{}[{}..]".format, _LIST_NAMES, st.integers(0, 3)),
        st.builds("{}?filter(it -> it?has_content)".format, _atom(LIST)),
        st.builds("{}?map(it -> it + {})".format, _atom(LIST), _LITERAL_TEXT.map(quoted)),
        st.sampled_from(['people?sort_by("age")?map(p -> p.name)', "m?keys", "people?map(p -> p.nick!)"]),
    )
)


def _atom(expression: SearchStrategy[str]) -> SearchStrategy[str]:
    """In parentheses, so that a postfix reaches all of it, or bare, so that precedence shows."""
    return expression.map(lambda e: f"({e})") | expression


_PLAIN_STRING_BUILTINS = [
    "upper_case", "lower_case", "cap_first", "uncap_first", "capitalize", "trim", "html", "xml", "json_string",
    "js_string", "chop_linebreak", "url", "string", "rtf", "j_string",
]  # fmt: skip
_ONE_STRING_BUILTINS = [
    "keep_before", "keep_after", "keep_before_last", "keep_after_last", "remove_beginning", "remove_ending",
    "ensure_starts_with", "ensure_ends_with",
]  # fmt: skip
_TEST_BUILTINS = ["contains", "starts_with", "ends_with"]
_NUMBER_FORMATS = ["0", "0.00", "0.##", "#,##0.00", "#.#", "000", "0.0;(0.0)", "0%", "0.###E0", ",##0", "'n'0", "$0"]
_DATE_FORMATS = ["yyyy-MM-dd", "M/d/yy", "d. MMMM yyyy", "EEE", "HH:mm:ss", "iso", "xs", "short", "medium", "h:mm a"]

_VALUE = STRING | NUMBER | BOOLEAN
_TRIM = st.sampled_from(["<#t>", "<#lt>", "<#rt>", "<#nt>"])


def _block(depth: int) -> SearchStrategy[str]:
    return st.lists(_element(depth), max_size=4).map("".join)


def _element(depth: int) -> SearchStrategy[str]:
    simple = st.one_of(
        TEXT,
        TEXT,
        _VALUE.map("${{{}}}".format),
        _TRIM,
        st.builds("<#assign v = {}>".format, _VALUE | LIST),
        st.builds("<#assign v += {}>".format, _VALUE),
        st.sampled_from(
            ["${v}", "${v!}", "<#-- c -->", "<#--\n-->", "<#noparse> ${x}\n</#noparse>", "<@mac/>", "${fun(3)}"]
        ),
        st.builds("#{{{}; m{}M{}}}".format, NUMBER, st.integers(0, 2), st.integers(2, 4)),
    )
    if depth == 0:
        return simple
    body = _block(depth - 1)
    return st.one_of(
        simple,
        simple,
        st.builds("<#if {}>{}</#if>".format, BOOLEAN, body),
        st.builds("<#if {}>{}<#elseif {}>{}<#else>{}</#if>".format, BOOLEAN, body, BOOLEAN, body, body),
        st.builds("<#list {} as i>{}</#list>".format, LIST, body),
        st.builds("<#list {} as i>{}${{i!}}{}<#sep>{}</#list>".format, LIST, body, TEXT, body),
        st.builds(
            "<#list {} as i>{}${{i?index}}<#if i?is_last>{}<#break></#if><#else>{}</#list>".format,
            LIST,
            body,
            body,
            body,
        ),
        st.builds("<#list {}>{}<#items as i>{}</#items>{}</#list>".format, LIST, TEXT, body, body),
        st.builds("<#list m as k, v>{}${{k}}{}</#list>".format, body, body),
        st.builds("<#assign v>{}</#assign>".format, body),
        st.builds("<#compress>{}</#compress>".format, body),
        st.builds(
            "<#switch {}>{}<#case {}>{}<#break><#case 1>{}<#default>{}</#switch>".format,
            NUMBER,
            _WHITE,
            NUMBER,
            body,
            body,
            body,
        ),
        st.builds("<#attempt>{}<#recover>{}</#attempt>".format, body, body),
        st.builds("<@wrap>{}</@wrap>".format, body),
        st.builds("<@each; q>{}${{q}}{}</@each>".format, body, body),
    )


_HEADERS = st.sampled_from(["", "", "", "<#ftl>", "<#ftl strip_whitespace=false>\n"])
_MACROS = st.sampled_from(
    [
        "<#macro mac>\n mac${n}\n</#macro><#function fun x><#return x * 2></#function>"
        "<#macro wrap>[<#nested>]</#macro><#macro each><#list xs as x><#nested x></#list></#macro>",
        "<#macro mac>m</#macro>\n"
        "<#function fun x>\n  <#if x gt 1>\n    <#return x + fun(x - 1)>\n  </#if>\n  <#return 1>\n</#function>\n"
        "<#macro wrap>\n  <#nested>\n</#macro>\n<#macro each>\n  <#nested 1>,<#t>\n  <#nested s>\n</#macro>\n",
    ]
)
TEMPLATE = st.builds("{}{}{}".format, _HEADERS, _MACROS | st.just(""), _block(2))
"""Any template, macros or not: without them a call of one is an error on both sides."""
EXPRESSION_TEMPLATE = st.lists(st.one_of(STRING, NUMBER, BOOLEAN), min_size=1, max_size=3).map(
    lambda expressions: "|".join(f"${{{e}}}" for e in expressions)
)
