"""What the enclosing tags allow."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class ListContext:
    """One <#list> being parsed. `names` is None until `as` or <#items> declares the loop variables."""

    names: tuple[str, ...] | None
    has_items: bool = False


@dataclass
class Context:
    """`breakable` counts the loops and switches around the place, `continuable` the loops."""

    lists: list[ListContext] = field(default_factory=list)
    breakable: int = 0
    continuable: int = 0
    macro: str | None = None
    """"macro" or "function" inside one."""


@dataclass
class Header:
    """Settings of `<#ftl …>`."""

    strip_whitespace: bool = True
    strip_text: bool = False
    auto_esc: bool = False
