"""FreeMarker as export templates use it: parse a template, render it over data, with places in every error.

    template = parse('<#list reports as r>${r.reportID}<#sep>,</#list>')
    render(template, {"reports": [{"reportID": "R1"}, {"reportID": "R2"}]})   # "R1,R2"

Data are strings, numbers, booleans, dates, lists and maps; nothing else is reachable, and nothing is ever called.
What FreeMarker has and this has not is refused by name, with line and column. Behaviour follows FreeMarker 2.3.31
and is compared with it, byte for byte, in tests/expensify/freemarker.

Known differences, all of them on the strict side or in what nobody prints:
- Regular expressions have no look-around, back references or possessive quantifiers (see `regex_syntax`).
- A year outside 1 to 9998, and a weekday before 1583, are errors.
- ?filter and ?map are lazy only where their list is walked through; elsewhere an error in them shows earlier.
- Literals of the wrong type (`"a" < "b"`) are refused when they are reached, not when they are parsed.
- Long names of time zones (`zzzz`) are known for UTC only.
- Numbers with more than 1000 digits, and what `Limits` forbids, end the rendering.
"""

from __future__ import annotations

from expensify.freemarker.errors import LimitExceeded, Missing, RenderError, TemplateError
from expensify.freemarker.settings import Limits, Settings
from expensify.freemarker.template import Template, parse, render

__all__ = [
    "LimitExceeded",
    "Limits",
    "Missing",
    "RenderError",
    "Settings",
    "Template",
    "TemplateError",
    "parse",
    "render",
]
