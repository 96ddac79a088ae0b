"""?eval_json: the value that a JSON text describes."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

from expensify.freemarker.builtin.registry import plain
from expensify.freemarker.errors import RenderError, Unsupported
from expensify.freemarker.runtime import Environment
from expensify.freemarker.values import string_of

_ONLY_FREEMARKER = re.compile(r"//|/\*|\d\.(?!\d)")


@plain("eval_json")
def _eval_json(env: Environment, value: Any) -> Any:
    text = string_of(value)
    env.allow(len(text))
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        if _ONLY_FREEMARKER.search(text):
            raise Unsupported("this JSON may have a comment or a number like 1., which is not read here") from None
        raise RenderError(f"this is not JSON: {error.msg} at its line {error.lineno}, column {error.colno}") from None
    except ValueError:
        raise RenderError("this is not JSON: it has a number that is none, or one that is too long") from None


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)
