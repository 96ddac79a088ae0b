"""Search and replacement: ?replace, ?split, ?matches and the parts before and after something.

Flags: `r` the pattern is a regular expression, `i` any case, `f` only the first, `m` `s` `c` as in Java.
Other letters are ignored, as FreeMarker ignores them.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from expensify.freemarker.builtin.registry import plain, plain_table
from expensify.freemarker.errors import RenderError
from expensify.freemarker.regex import Match, Pattern, compile_pattern, find_all, group, match_all, match_start, search
from expensify.freemarker.runtime import Environment
from expensify.freemarker.utf16 import from_units, to_units
from expensify.freemarker.values import MatchedText, Matches, kind_of, string_of

_REFERENCE = re.compile(r"\\(.)|\$(?:([0-9])|\{([A-Za-z][A-Za-z0-9]*)\})|[\\$]", re.S)


@plain("replace", 2, 3)
def _replace(env: Environment, value: Any, old: Any, new: Any, flags: Any = "") -> str:
    text, old, new, wanted = env.text(value), env.text(old), env.text(new), env.text(flags)
    if "r" in wanted:
        return _replace_regex(env, text, _regex(old, wanted), new, first_only="f" in wanted)
    if not old:
        text, new = to_units(text), to_units(new)
    count = text.count(old)
    env.allow(len(text) + (1 if "f" in wanted else count) * len(new))
    if "i" in wanted and old:
        return _replace_any_case(env, text, old, new, first_only="f" in wanted)
    return from_units(text.replace(old, new, 1 if "f" in wanted else -1))


def _replace_any_case(env: Environment, text: str, old: str, new: str, *, first_only: bool) -> str:
    searched, wanted = _lower(text), _lower(old)
    env.allow(len(text) + searched.count(wanted) * len(new))
    found: list[str] = []
    at = 0
    while (start := searched.find(wanted, at)) >= 0:
        found.extend((text[at:start], new))
        at = start + len(old)
        if first_only:
            break
    return "".join(found) + text[at:]


def _replace_regex(env: Environment, text: str, pattern: Pattern, new: str, *, first_only: bool) -> str:
    found: list[str] = []
    at = length = 0
    for match in find_all(env, pattern, text):
        shown = _expanded(env, match, pattern, new)
        length += match.start() - at + len(shown)
        env.allow(length)
        found.extend((text[at : match.start()], shown))
        at = match.end()
        if first_only:
            break
    return "".join(found) + text[at:]


def _expanded(env: Environment, match: Match, pattern: Pattern, new: str) -> str:
    """A replacement with $1 and ${name} filled in, and \\ taking the meaning from what follows it."""

    def fill(reference: re.Match[str]) -> str:
        if reference[1] is not None:
            return reference[1]
        if reference[3] is not None and reference[3] in pattern.groupindex:
            return group(match, reference[3])
        if reference[2] is not None and int(reference[2]) <= pattern.groups:
            return group(match, int(reference[2]))
        raise RenderError(f"the replacement {new[:40]!r} refers to no group; write \\$ for a dollar sign")

    if "$" not in new and "\\" not in new:
        return new
    env.allow(new.count("$") * (match.end() - match.start()) + len(new))
    return _REFERENCE.sub(fill, new)


@plain("split", 1, 2)
def _split(env: Environment, value: Any, separator: Any, flags: Any = "") -> list[str]:
    text, between, wanted = env.text(value), env.text(separator), env.text(flags)
    if "r" in wanted:
        return _split_regex(env, text, _regex(between, wanted))
    env.allow_items(text.count(between) + 1)
    if not between:
        parts = [from_units(unit) for unit in to_units(text)]
    elif "i" not in wanted:
        parts = text.split(between)
    else:
        searched, looked_for = _lower(text), _lower(between)
        parts, at = [], 0
        while (start := searched.find(looked_for, at)) >= 0:
            parts.append(text[at:start])
            at = start + len(between)
        parts.append(text[at:])
    return parts


def _split_regex(env: Environment, text: str, pattern: Pattern) -> list[str]:
    """As Java splits: no empty parts at the end, and none before an empty match at the beginning."""
    parts: list[str] = []
    at = 0
    for match in find_all(env, pattern, text):
        if match.end() == 0:
            continue
        parts.append(text[at : match.start()])
        at = match.end()
    if not at:
        return [text]
    parts.append(text[at:])
    while parts and not parts[-1]:
        parts.pop()
    return parts


@plain("matches", 1, 2)
def _matches(env: Environment, value: Any, pattern: Any, flags: Any = "") -> Matches:
    """True when all of the string matches; as a list, the matches in it."""
    text, found = env.text(value), _regex(env.text(pattern), env.text(flags))
    whole = match_all(env, found, text)

    def every() -> list[MatchedText]:
        return [_matched(match, found) for match in find_all(env, found, text)]

    return Matches(_matched(whole, found) if whole is not None else None, every)


@plain("groups")
def _groups(env: Environment, value: Any) -> tuple[str, ...]:
    """What each pair of parentheses matched, after the whole match."""
    if isinstance(value, MatchedText):
        return value.groups
    if isinstance(value, Matches):
        if value.whole is None:
            raise RenderError("the string does not match, so there are no groups")
        return value.whole.groups
    raise RenderError(f"?groups needs the result of ?matches, but this is {kind_of(value)}")


def _matched(match: Match, pattern: Pattern) -> MatchedText:
    return MatchedText(match.group(), tuple(group(match, number) for number in range(pattern.groups + 1)))


def _keep(env: Environment, value: Any, part: Any, flags: Any = "", *, after: bool, last: bool) -> str:
    """The text before or after the first or last match; without a match, all of the text is before it."""
    text = env.text(value)
    start, end = _find(env, text, string_of(part), string_of(flags), last=last)
    return text[end:] if after else text[:start]


plain_table(
    {
        "keep_before": partial(_keep, after=False, last=False),
        "keep_after": partial(_keep, after=True, last=False),
        "keep_before_last": partial(_keep, after=False, last=True),
        "keep_after_last": partial(_keep, after=True, last=True),
    },
    least=1,
    most=2,
)


@plain("ensure_starts_with", 1, 3)
def _ensure_starts_with(env: Environment, value: Any, part: Any, added: Any = None, flags: Any = None) -> str:
    """With one argument a plain beginning; with more, a regular expression and what to put before the text."""
    text, beginning = env.text(value), string_of(part)
    if added is None:
        return text if text.startswith(beginning) else beginning + text
    wanted = "r" if flags is None else string_of(flags)
    if "r" in wanted:
        has = match_start(env, _regex(beginning, wanted), text) is not None
    elif "i" in wanted:
        has = text.lower().startswith(beginning.lower())
    else:
        has = text.startswith(beginning)
    return text if has else string_of(added) + text


def _find(env: Environment, text: str, part: str, flags: str, *, last: bool) -> tuple[int, int]:
    """Start and end of the first or last match; both at the end of the text without a match."""
    nowhere = (len(text), len(text))
    if "r" not in flags:
        searched, wanted = (_lower(text), _lower(part)) if "i" in flags else (text, part)
        start = searched.rfind(wanted) if last else searched.find(wanted)
        return (start, start + len(part)) if start >= 0 else nowhere
    pattern = _regex(part, flags)
    match = search(env, pattern, text)
    found = match.span() if match is not None else nowhere
    while last and match is not None:
        found = match.span()
        match = search(env, pattern, text, match.start() + 1) if match.start() < len(text) else None
    return found


def _regex(pattern: str, flags: str) -> Pattern:
    return compile_pattern(pattern, "".join(sorted(set(flags) & set("imsc"))))


def _lower(text: str) -> str:
    """In lower case, character by character, so that positions do not change."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else "".join(c.lower()[0] for c in text)
