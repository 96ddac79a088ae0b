"""FreeMarker functions at the beginning of a written template: only those that it calls."""

from exports.columns.layout import Layout

PATTERNS = {"": ("0.00", "."), "Comma": ("0.00", ","), "Whole": ("0", ".")}
"""Suffixes of the functions for amounts: number pattern and decimal point."""

_NUMBERS = ("number", *(f"{kind}{ending}" for kind in ("decimal", "money") for ending in PATTERNS))
_ORDER = ("plain", "text", "left", "right", "filled", "tick", "day", "word", "decoded", "tagLevel", *_NUMBERS)

_SHARED = {
    "plain": r"""
<#function plain value>
  <#if value?is_number>
    <#return value?c>
  </#if>
  <#return value>
</#function>""",
    "filled": r"""
<#function filled value otherwise>
  <#if value?has_content>
    <#return value>
  </#if>
  <#return otherwise>
</#function>""",
    "tick": r"""
<#function tick value>
  <#if value?has_content>
    <#return "'" + plain(value)>
  </#if>
  <#return value>
</#function>""",
    "day": r"""
<#function day value pattern>
  <#if value?matches("[0-9]{4}-[0-9]{2}-[0-9]{2}.*", "s")>
    <#return pattern?replace("yyyy", value[0..3])?replace("MM", value[5..6])?replace("dd", value[8..9])>
  </#if>
  <#return value>
</#function>""",
    "word": r"""
<#function word value yes no otherwise>
  <#if value?is_boolean>
    <#return value?string(yes, no)>
  </#if>
  <#return otherwise>
</#function>""",
    # Stored text can be HTML-escaped [M]. &amp; comes last, so that each escape is decoded once.
    "decoded": r"""
<#function decoded value>
  <#if value?is_string && value?contains("&")>
    <#local characters = value?replace("&lt;", "<")?replace("&gt;", ">")>
    <#return characters?replace("&quot;", "\"")?replace("&apos;", "'")?replace("&amp;", "&")>
  </#if>
  <#return value>
</#function>""",
    "tagLevel": r"""
<#function tagLevel tag level>
  <#local levels = plain(tag)?replace("\\:", "\xE000")?split(":")>
  <#if levels?size lt level>
    <#return "">
  </#if>
  <#return levels[level - 1]?replace("\xE000", ":")>
</#function>""",
}


def definitions(layout: Layout, used: set[str]) -> list[str]:
    """Lines that define the functions in use, each after those that it calls."""
    text = {"csv": _csv, "json": _json, "fixed": _fixed}[layout.kind](layout)
    bodies = _SHARED | text | _numbers(layout)
    needed = set(used)
    for name in reversed(_ORDER):
        if name in needed:
            needed |= {called for called in bodies if f"{called}(" in bodies[name]}
    return [line for name in _ORDER if name in needed for line in bodies[name].strip().splitlines()]


def _csv(layout: Layout) -> dict[str, str]:
    guard = r"""
  <#if line?has_content && "=+-@\t\r"?contains(line[0])>
    <#local line = "'" + line>
  </#if>"""
    quoted = r'"\"" + line?replace("\"", "\"\"") + "\""'
    cell = f"""
  <#return {quoted}>"""
    if layout.quoting == "needed":
        signs = [layout.delimiter.replace("\t", r"\t"), r"\""]
        if layout.line_breaks == "keep":
            signs += [r"\n", r"\r"]
        conditions = [f'line?contains("{sign}")' for sign in signs]
        if len(layout.columns) == 1:
            # A reader would skip an empty line.
            conditions.append("!line?has_content")
        cell = f"""
  <#if {" || ".join(conditions)}>
    <#return {quoted}>
  </#if>
  <#return line>"""
    return {
        "text": f"""
<#function text value>
  <#if value?is_number>
    <#return text(value?c)>
  </#if>
  <#local line = value{_without_breaks(layout)}>{guard if layout.guard else ""}{cell}
</#function>"""
    }


def _json(layout: Layout) -> dict[str, str]:
    return {
        "text": f"""
<#function text value>
  <#if value?is_number>
    <#return text(value?c)>
  </#if>
  <#return "\\"" + value{_without_breaks(layout)}?json_string + "\\"">
</#function>"""
    }


def _fixed(layout: Layout) -> dict[str, str]:
    # A width counts characters; Java counts those outside the basic plane, such as emoji, as two.
    line = f'plain(value){_without_breaks(layout)}?replace(r"[^\\u0000-\\uFFFF]", "?", "r")'
    return {
        "left": f"""
<#function left value width>
  <#local line = {line}>
  <#if line?length gt width>
    <#return line[0..<width]>
  </#if>
  <#return line?right_pad(width)>
</#function>""",
        # A truncated number is wrong: like spreadsheets, show # for a number that does not fit.
        "right": f"""
<#function right value width>
  <#local line = {line}>
  <#if line?length gt width>
    <#return ""?right_pad(width, "#")>
  </#if>
  <#return line?left_pad(width)>
</#function>""",
    }


def _numbers(layout: Layout) -> dict[str, str]:
    """Functions for numbers, with a fallback. A rate may come as text, such as "20%", and stays text."""
    none = '"null"' if layout.kind == "json" else '""'
    otherwise = "text(otherwise)" if layout.kind == "csv" else "otherwise"
    as_text = "value" if layout.kind == "fixed" else "text(value)"
    bodies = {"number": _number("number", _quoted("value?c", ".", layout), as_text, otherwise, none)}
    for ending, (pattern, point) in PATTERNS.items():
        comma = f'?replace(".", "{point}")' if point != "." else ""
        decimal = _quoted(f'value?string("{pattern}"){comma}', point, layout)
        bodies[f"decimal{ending}"] = _number(f"decimal{ending}", decimal, as_text, otherwise, none)
        # Java would round small negative amounts to -0.
        zero = f"""
    <#if cents gte -50 && cents lt 0>
      <#return {_quoted('"0"', point, layout)}>
    </#if>"""
        bodies[f"money{ending}"] = f"""
<#function money{ending} cents otherwise={none}>
  <#if cents?is_number>{zero if pattern == "0" else ""}
    <#return {_quoted(f'(cents / 100)?string("{pattern}"){comma}', point, layout)}>
  </#if>
  <#return {otherwise}>
</#function>"""
    return bodies


def _number(name: str, expression: str, as_text: str, otherwise: str, none: str) -> str:
    return f"""
<#function {name} value otherwise={none}>
  <#if value?is_number>
    <#return {expression}>
  </#if>
  <#if value?has_content>
    <#return {as_text}>
  </#if>
  <#return {otherwise}>
</#function>"""


def _quoted(number: str, point: str, layout: Layout) -> str:
    """Add the quotes that a formatted number needs; in JSON a number with a decimal comma is text."""
    if layout.kind == "csv" and (layout.quoting == "always" or layout.delimiter == point):
        return f'"\\"" + {number} + "\\""'
    if layout.kind == "json" and point != ".":
        return f"text({number})"
    return number


def _without_breaks(layout: Layout) -> str:
    if layout.line_breaks == "keep" and layout.kind != "fixed":
        return ""
    return r'?replace("\r\n", " ")?replace("\n", " ")?replace("\r", " ")'
