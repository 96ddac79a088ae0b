"""<#setting name=value>: formats that apply from there to the end of the rendering."""

from __future__ import annotations

from typing import Any

from expensify.freemarker.decimal_format import decimal_format
from expensify.freemarker.errors import RenderError, Unsupported
from expensify.freemarker.runtime import Environment
from expensify.freemarker.values import string_of


def change_setting(env: Environment, name: str, value: Any) -> None:
    """Change one setting of the environment; RenderError for an invalid value."""
    if name in FOREIGN:
        raise Unsupported(f"the setting {name} is not known here")
    text = string_of(value)
    if name == "number_format":
        env.number_format = decimal_format(NUMBER_FORMATS.get(text, text))
    elif name == "boolean_format":
        yes, comma, no = text.partition(",")
        if text == "c":
            yes, comma, no = "true", ",", "false"
        if not comma or not yes or not no:
            raise RenderError("a boolean format is two words with a comma between them, like yes,no")
        env.boolean_words = (yes, no)
    elif name == "url_escaping_charset":
        env.url_charset = text
    elif name == "locale":
        if text not in ("en_US", "en"):
            raise Unsupported(f"the locale {text[:40]} is not known here")
    else:
        env.dates.change(name, text)


FOREIGN = frozenset({"classic_compatible", "output_encoding", "sql_date_and_time_time_zone"})
"""Settings of FreeMarker that we read but do not know."""

NUMBER_FORMATS = {
    "number": "#,##0.###",
    "computer": "0.################",
    "c": "0.################",
    "percent": "#,##0%",
    "currency": "\u00a4#,##0.00",
}
