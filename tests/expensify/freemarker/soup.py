"""Broken templates: fragments in random order, and templates of the corpus with pieces cut and moved."""

from hypothesis import strategies as st

from tests.expensify.freemarker.corpus import CORPUS

_FRAGMENTS = [
    "<#if ", "<#elseif ", "<#else>", "</#if>", "<#list ", " as x", " as k, v", "</#list>", "<#items as x>",
    "</#items>", "<#sep>", "<#assign ", "<#local ", "<#global ", "</#assign>", "<#macro m ",
    "<#macro m a b=1 c...>", "</#macro>", "<#function f a>", "</#function>", "<#return ", "<#nested ",
    "<@m ", "<@m; x>", "</@m>", "</@>", "<#switch ", "<#case ", "<#default>", "</#switch>", "<#break>",
    "<#continue>", "<#compress>", "</#compress>", "<#noparse>", "</#noparse>", "<#escape x as ",
    "</#escape>", "<#attempt>", "<#recover>", "</#attempt>", "<#stop ", "<#setting ", "<#ftl ", "<#t>",
    "<#lt>", "<#rt>", "<#nt>", "<#--", "-->", "<#include ", "<#foo>", "${", "#{", "}", ">", "/>", "(", ")",
    "[", "]", "{", ",", ":", ";", ".", "..", "..<", "..*", "?", "??", "!", "=", "==", "!=", "<", "<=", "gt",
    "lte", "&&", "||", "+", "-", "*", "/", "%", "++", "->", "x -> x", "'", '"', "'a'", '"b${n}"', "r'\\d'",
    "1", "0", "2.5", "99999999999999999999", "true", "false", "s", "n", "xs", "m", "people", "gone", "day",
    ".now", ".vars", "?size", "?string", "?string('0.00')", "?replace('a', 'b', 'r')", "?date('yyyy')",
    "?matches('(a*)*')", "?left_pad(1000000000)", "?filter(x -> x)", "?sort", "?join(',')", "?then(1, 2)",
    "?html", "?eval", "?new()", "?index", "?c", "?number", "\n", " ", "\t", "é", "😀", "\x00", "\ud800",
]  # fmt: skip
SOUP = st.lists(st.sampled_from(_FRAGMENTS), max_size=14).map("".join)
ANY_TEXT = st.text(max_size=40)


@st.composite
def _damaged(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from([case.template for case in CORPUS.values()]))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 12)))
        text = text[:start] + draw(st.sampled_from(["", text[start:end] * 2, *_FRAGMENTS])) + text[end:]
    return text


DAMAGED = _damaged()
EXPRESSIONS = st.lists(st.sampled_from(_FRAGMENTS[50:]), max_size=8).map(lambda words: "${" + "".join(words) + "}")
"""Fragments where an expression belongs: these get further than most."""
