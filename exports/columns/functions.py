"""The functions that a written template begins with: only those it calls, each after those it calls itself."""

from exports.columns.layout import Layout

PATTERNS = {"": ("0.00", "."), "Comma": ("0.00", ","), "Whole": ("0", ".")}
"""Endings of the functions for amounts: how many decimals they write, and the sign in front of them."""

_NUMBERS = ("number", *(f"{kind}{ending}" for kind in ("decimal", "money") for ending in PATTERNS))
_ORDER = ("plain", "cell", "text", "left", "right", "filled", "tick", "day", "word", "tagLevel", *_NUMBERS)
_CALLS: dict[str, tuple[str, ...]] = {
    "text": ("cell", "plain"),
    "left": ("plain",),
    "right": ("plain",),
    "tick": ("plain",),
    "tagLevel": ("plain",),
} | dict.fromkeys(_NUMBERS, ("cell", "text", "plain"))


def written(layout: Layout, used: set[str]) -> list[str]:
    """The definitions of the functions in use, as lines."""
    bodies = _bodies(layout)
    needed = set(used)
    for name in reversed(_ORDER):
        if name in needed:
            needed |= {called for called in _CALLS.get(name, ()) if f"{called}(" in bodies[name]}
    return [line for name in _ORDER if name in needed for line in bodies[name].splitlines()]


def _bodies(layout: Layout) -> dict[str, str]:
    shared = {
        "plain": """\
<#function plain value>
  <#if value?is_number>
    <#return value?c>
  </#if>
  <#return value>
</#function>""",
        "filled": """\
<#function filled value otherwise>
  <#if value?has_content>
    <#return value>
  </#if>
  <#return otherwise>
</#function>""",
        "tick": """\
<#function tick value>
  <#if value?has_content>
    <#return "'" + plain(value)>
  </#if>
  <#return value>
</#function>""",
        "day": """\
<#function day value pattern>
  <#if value?matches("[0-9]{4}-[0-9]{2}-[0-9]{2}.*", "s")>
    <#return pattern?replace("yyyy", value[0..3])?replace("MM", value[5..6])?replace("dd", value[8..9])>
  </#if>
  <#return value>
</#function>""",
        "word": """\
<#function word value yes no otherwise>
  <#if value?is_boolean>
    <#return value?string(yes, no)>
  </#if>
  <#return otherwise>
</#function>""",
        "tagLevel": r"""
<#function tagLevel tag level>
  <#local levels = plain(tag)?replace("\\:", "\xE000")?split(":")>
  <#if levels?size lt level>
    <#return "">
  </#if>
  <#return levels[level - 1]?replace("\xE000", ":")>
</#function>""".strip(),
    }
    return shared | {"csv": _csv, "json": _json, "fixed": _fixed}[layout.kind](layout) | _numbers(layout)


def _csv(layout: Layout) -> dict[str, str]:
    quoted = r'"\"" + value?replace("\"", "\"\"") + "\""'
    delimiter = {"\t": r"\t"}.get(layout.delimiter, layout.delimiter)
    if layout.quoting == "always":
        cell = f"<#function cell value>\n  <#return {quoted}>\n</#function>"
    else:
        asks = [rf'value?contains("{sign}")' for sign in (delimiter, r"\"", r"\n", r"\r")]
        if len(layout.columns) == 1:
            # An empty line would be no row at all.
            asks.append("!value?has_content")
        cell = f"""\
<#function cell value>
  <#if {" || ".join(asks)}>
    <#return {quoted}>
  </#if>
  <#return value>
</#function>"""
    guard = ""
    if layout.guard:
        guard = """
  <#if line?has_content && "=+-@\\t\\r"?contains(line[0])>
    <#return cell("'" + line)>
  </#if>"""
    text = f"""\
<#function text value>
  <#local line = plain(value){_without_breaks(layout)}>{guard}
  <#return cell(line)>
</#function>"""
    return {"cell": cell, "text": text}


def _json(layout: Layout) -> dict[str, str]:
    return {
        "text": f"""\
<#function text value>
  <#return "\\"" + plain(value){_without_breaks(layout)}?json_string + "\\"">
</#function>"""
    }


def _fixed(layout: Layout) -> dict[str, str]:
    # A width counts characters; Java counts those outside the basic plane, emoji above all, as two.
    line = f'plain(value){_without_breaks(layout)}?replace(r"[^\\u0000-\\uFFFF]", "?", "r")'
    return {
        "left": f"""\
<#function left value width>
  <#local line = {line}>
  <#if line?length gt width>
    <#return line[0..<width]>
  </#if>
  <#return line?right_pad(width)>
</#function>""",
        # A number that is cut is another number; spreadsheets show one that does not fit in the same way.
        "right": f"""\
<#function right value width>
  <#local line = {line}>
  <#if line?length gt width>
    <#return ""?right_pad(width, "#")>
  </#if>
  <#return line?left_pad(width)>
</#function>""",
    }


def _numbers(layout: Layout) -> dict[str, str]:
    """Numbers, made ready for their place, and what stands there without one."""
    none = '"null"' if layout.kind == "json" else '""'
    otherwise = _finished(layout, "otherwise", is_text=layout.kind == "csv")
    # A rate may come as text, such as "20%": then it stays what it is.
    number = f"""\
<#function number value otherwise={none}>
  <#if value?is_number>
    <#return {_finished(layout, "value?c")}>
  </#if>
  <#if value?has_content>
    <#return {_finished(layout, "value", is_text=True)}>
  </#if>
  <#return {otherwise}>
</#function>"""
    bodies = {"number": number}
    for name, (pattern, point) in PATTERNS.items():
        comma = f'?replace(".", "{point}")' if point != "." else ""
        # A number with a comma is text to JSON.
        is_text = layout.kind == "json" and point != "."
        bodies[f"decimal{name}"] = number.replace("function number", f"function decimal{name}").replace(
            _finished(layout, "value?c"),
            _finished(layout, f'value?string("{pattern}"){comma}', is_text=is_text),
        )
        units = _finished(layout, f'(cents / 100)?string("{pattern}"){comma}', is_text=is_text)
        # Amounts under half a unit round to 0; Java would write -0 for those below it.
        zero = (
            f"""
    <#if cents gte -50 && cents lt 0>
      <#return {_finished(layout, '"0"')}>
    </#if>"""
            if pattern == "0"
            else ""
        )
        bodies[f"money{name}"] = f"""\
<#function money{name} cents otherwise={none}>
  <#if cents?is_number>{zero}
    <#return {units}>
  </#if>
  <#return {otherwise}>
</#function>"""
    return bodies


def _finished(layout: Layout, expression: str, *, is_text: bool = False) -> str:
    """The expression with whatever the kind of file puts around a value."""
    if layout.kind == "fixed":
        return expression
    if is_text:
        return f"text({expression})"
    return f"cell({expression})" if layout.kind == "csv" else expression


def _without_breaks(layout: Layout) -> str:
    if layout.line_breaks == "keep" and layout.kind != "fixed":
        return ""
    return r'?replace("\r\n", " ")?replace("\n", " ")?replace("\r", " ")'
