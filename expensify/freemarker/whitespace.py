"""White-space stripping: lines that hold only tags leave nothing behind, and trims act on their line.

The rules are FreeMarker's, down to the order in which it applies them, because the order shows: every text is
looked at once, from first to last, against what is left of its neighbours at that moment. A trim counts only for
texts treated before the block that holds it is done. A macro or a block assignment is opaque from outside, and
from inside its first and last texts see past its own tags. The very first text of a template is never stripped,
only trimmed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

from expensify.freemarker.errors import TemplateError
from expensify.freemarker.expression_tree import Interpolation, Node, NumberInterpolation, Text
from expensify.freemarker.tree import (
    Assign,
    AssignBlock,
    Attempt,
    Body,
    Branch,
    Case,
    Comment,
    Compress,
    Element,
    Escape,
    If,
    Items,
    List,
    Macro,
    MacroCall,
    NoEscape,
    Sep,
    Setting,
    Switch,
    Trim,
)

MAX_LOOKS = 1_000_000
"""How many neighbours are looked at in all; a template with that many tags on one line is not one."""

_SILENT = (Macro, Assign, Setting, Comment)
_WITH_BODY = (AssignBlock, Branch, Case, Compress, Escape, Items, Macro, NoEscape, Sep)
# Java's Character.isWhitespace (for the edge of a trimmed line) and String.trim (for "is this line blank").
JAVA_SPACES = (
    "\t\n\x0b\f\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a"
    "\u2028\u2029\u205f\u3000"
)
_TRIMMED = "".join(map(chr, range(33)))


def strip(body: Body, *, lines: bool = True) -> Body:
    """The elements with their texts stripped; without `lines` only trims act (`<#ftl strip_whitespace=false>`)."""
    if not body:
        return body
    if len(body) == 1:
        # FreeMarker keeps a lone element as the root itself, which makes it no top-level text's parent.
        root = _twig(body[0], None)
        _Stripper(lines).clean(root)
        return (cast(Element, root.rebuilt()),)
    root = _Twig(None, None, top=True)
    root.adopt(body, tuple)
    _Stripper(lines).clean(root)
    return cast(Body, root.rebuilt())


class _Twig:
    """A node with its neighbours, while texts are changing. `first` and `last` are the ends of its children."""

    __slots__ = (
        "after",
        "before",
        "begin",
        "end",
        "everything",
        "first",
        "last",
        "make",
        "node",
        "parent",
        "starts_line",
        "text",
        "top",
    )

    def __init__(self, node: Node | None, parent: _Twig | None, *, top: bool = False) -> None:
        self.node = node
        self.parent = parent
        self.top = top
        self.before: _Twig | None = None
        self.after: _Twig | None = None
        self.first: _Twig | None = None
        self.last: _Twig | None = None
        self.everything: list[_Twig] = []
        self.make: Callable[[Sequence[Any]], object] | None = None
        self.text = node.text if isinstance(node, Text) else ""
        self.begin, self.end = (node.span.line, node.span.end_line) if node else (0, 0)
        # FreeMarker counts a leading tab as eight columns and then no longer sees a text that begins its line.
        self.starts_line = node is not None and node.span.column == 1 and not self.text.startswith("\t")

    def adopt(self, nodes: Sequence[Node], make: Callable[[Sequence[Any]], object]) -> None:
        self.make = make
        for node in nodes:
            self._append(_twig(node, self))

    def adopt_twigs(self, twigs: Sequence[_Twig], make: Callable[[Sequence[Any]], object]) -> None:
        self.make = make
        for twig in twigs:
            twig.parent = self
            self._append(twig)

    def _append(self, child: _Twig) -> None:
        self.everything.append(child)
        child.before = self.last
        if self.last is None:
            self.first = child
        else:
            self.last.after = child
        self.last = child

    def remove(self, child: _Twig) -> None:
        """Take a child out of its neighbours' sight; `everything` keeps it."""
        if child.before is None:
            self.first = child.after
        else:
            child.before.after = child.after
        if child.after is None:
            self.last = child.before
        else:
            child.after.before = child.before

    def rebuilt(self) -> object:
        """The node again, with the texts inside it as they are now."""
        if isinstance(self.node, Text):
            return replace(self.node, text=self.text)
        if self.make is None:
            return self.node
        kept = (twig for twig in self.everything if not (isinstance(twig.node, Text) and not twig.text))
        return self.make([twig.rebuilt() for twig in kept])

    # ---- walking the leaves of the tree, in FreeMarker's sense

    def earlier(self) -> Iterator[_Twig]:
        """The leaves before this one on the line where it begins, nearest first."""
        twig: _Twig | None = self
        # A trim may move this text's beginning while its neighbours are being looked at; then the look is over.
        while (twig := _step(twig, "before", "last")) is not None and twig.end == self.begin:
            yield twig

    def later(self) -> Iterator[_Twig]:
        """The leaves after this one on the line where it ends."""
        twig: _Twig | None = self
        while (twig := _step(twig, "after", "first")) is not None and twig.begin == self.end:
            yield twig

    # ---- what a text is worth to its neighbours

    def holds_line_before(self) -> bool:
        """Whether what stands after this leaf on its line must keep its white space."""
        if not isinstance(self.node, Text):
            return isinstance(self.node, (Interpolation, NumberInterpolation))
        return not self.is_gone(True) and not _ends_line(reversed(self.text))

    def holds_line_after(self) -> bool:
        """Whether what stands before this leaf on its line must keep its white space."""
        if not isinstance(self.node, Text):
            return isinstance(self.node, (Interpolation, NumberInterpolation))
        return not self.is_gone(True) and not _ends_line(self.text)

    def is_gone(self, lines: bool) -> bool:
        """Whether this leaf will be dropped: trims, empty texts, blank texts among tags that print nothing."""
        if not isinstance(self.node, Text):
            return isinstance(self.node, Trim)
        if not self.text:
            return True
        if not lines or self.text.strip(_TRIMMED):
            return False
        top = self.at_top()
        quiet_before = top if self.before is None else isinstance(self.before.node, _SILENT)
        quiet_after = top if self.after is None else isinstance(self.after.node, _SILENT)
        return quiet_before and quiet_after

    def at_top(self) -> bool:
        return self.parent is None or self.parent.top


class _Stripper:
    def __init__(self, lines: bool) -> None:
        self.lines = lines
        self._looks = 0

    def clean(self, twig: _Twig) -> None:
        """Strip the texts inside a node, first to last, then drop what has become invisible."""
        if isinstance(twig.node, If) and twig.first is twig.last and twig.first is not None:
            # A lone branch takes over the place of its <#if>, closing tag included.
            twig.first.end = twig.end
        for child in twig.everything:
            if isinstance(child.node, Text):
                self._text(child)
            else:
                self.clean(child)
        child_or_none = twig.first
        while child_or_none is not None:
            following = child_or_none.after
            if child_or_none.is_gone(self.lines):
                twig.remove(child_or_none)
                child_or_none.text = ""
            child_or_none = following
        if twig.parent is None and isinstance(twig.node, Text):
            self._text(twig)

    def _text(self, twig: _Twig) -> None:
        if not twig.text:
            return
        trimmed_left = self._trim_left(twig)
        trimmed_right = self._trim_right(twig)
        if not self.lines or not twig.text or (twig.at_top() and twig.before is None):
            return
        tail = 0 if trimmed_left else self._blank_tail(twig)
        head = 0 if trimmed_right else self._blank_head(twig)
        if head:
            twig.begin += 1
            twig.starts_line = True
        twig.text = twig.text[head : max(len(twig.text) - tail, head)]

    def _trim_left(self, twig: _Twig) -> bool:
        """Obey trims later on the line this text ends on: its last line loses its indentation."""
        found = False
        for leaf in self._looked(twig.later()):
            if not isinstance(leaf.node, Trim):
                continue
            if leaf.node.left:
                line = _last_break(twig.text) + 1
                if line or twig.starts_line:
                    rest = twig.text[line:]
                    twig.text = twig.text[:line] + (
                        "" if not rest.strip(_TRIMMED) else rest.lstrip(JAVA_SPACES)
                    )
            found = found or leaf.node.left or not leaf.node.right
        return found

    def _trim_right(self, twig: _Twig) -> bool:
        """Obey trims earlier on the line this text begins on: its first line loses its end, the break included."""
        found = False
        for leaf in self._looked(twig.earlier()):
            if not isinstance(leaf.node, Trim):
                continue
            if leaf.node.right:
                cut = _first_line(twig.text)
                if cut == 0:
                    return False
                line, rest = twig.text[:cut], twig.text[cut:]
                if not line.strip(_TRIMMED):
                    twig.text = rest
                    twig.begin += 1
                    twig.starts_line = True
                else:
                    if not rest.strip(_TRIMMED) and self._rest_goes_too(twig):
                        rest = ""
                    twig.text = line.rstrip(JAVA_SPACES) + rest
            found = found or leaf.node.right or not leaf.node.left
        return found

    def _rest_goes_too(self, twig: _Twig) -> bool:
        """Whether blank text behind a trimmed line goes with it: unless something is printed there first."""
        goes = True
        for leaf in self._looked(twig.later()):
            if leaf.holds_line_before():
                goes = False
            if isinstance(leaf.node, Trim) and leaf.node.left:
                return True
        return goes

    def _blank_head(self, twig: _Twig) -> int:
        """How many characters to cut so that a line of tags ends without a trace."""
        cut = _first_line(twig.text)
        if (cut == 0 and not twig.starts_line) or twig.text[:cut].strip(_TRIMMED):
            return 0
        if any(leaf.holds_line_before() for leaf in self._looked(twig.earlier())):
            return 0
        return cut

    def _blank_tail(self, twig: _Twig) -> int:
        """How many characters to cut so that a line of tags begins without a trace."""
        line = _last_break(twig.text) + 1
        if (line == 0 and not twig.starts_line) or twig.text[line:].strip(_TRIMMED):
            return 0
        if any(leaf.holds_line_after() for leaf in self._looked(twig.later())):
            return 0
        return len(twig.text) - line

    def _looked(self, leaves: Iterator[_Twig]) -> Iterator[_Twig]:
        for leaf in leaves:
            self._looks += 1
            if self._looks > MAX_LOOKS and leaf.node is not None:
                raise TemplateError("there are too many tags on this line", leaf.node.span)
            yield leaf


def _twig(node: Node, parent: _Twig | None) -> _Twig:
    """The node with its children, shaped as FreeMarker shapes them."""
    twig = _Twig(node, parent)
    if isinstance(node, If):
        twig.adopt(node.branches, lambda parts: replace(node, branches=tuple(parts)))
    elif isinstance(node, Switch):
        twig.adopt(node.cases, lambda parts: replace(node, cases=tuple(parts)))
    elif isinstance(node, List):
        if node.otherwise is None:
            twig.adopt(node.body, lambda parts: replace(node, body=tuple(parts)))
        else:
            loop = _Twig(node, twig)
            loop.adopt(node.body, lambda parts: replace(node, body=tuple(parts)))
            otherwise = _block(node.otherwise, twig)
            twig.adopt_twigs([loop, otherwise], lambda parts: replace(parts[0], otherwise=parts[1]))
    elif isinstance(node, Attempt):
        tried = _Twig(node, twig)
        tried.adopt(node.body, tuple)
        twig.adopt_twigs(
            [tried, _block(node.recover, twig)],
            lambda parts: replace(node, body=cast(Body, parts[0]), recover=parts[1]),
        )
    elif isinstance(node, MacroCall):
        if node.body is not None:
            twig.adopt(node.body, lambda parts: replace(node, body=tuple(parts)))
    elif isinstance(node, _WITH_BODY):
        twig.adopt(node.body, lambda parts: replace(node, body=tuple(parts)))
    return twig


def _block(node: Node, parent: _Twig) -> _Twig:
    twig = _Twig(node, parent)
    twig.adopt(node.body, lambda parts: replace(node, body=tuple(parts)))  # type: ignore[attr-defined, call-arg]
    return twig


def _step(twig: _Twig | None, side: str, end: str) -> _Twig | None:
    """The next leaf to that side; a macro or block assignment counts as a leaf."""
    while twig is not None:
        neighbour: _Twig | None = getattr(twig, side)
        if neighbour is not None:
            while not isinstance(neighbour.node, (Macro, AssignBlock)):
                inner = getattr(neighbour, end)
                if inner is None:
                    break
                neighbour = inner
            return neighbour
        twig = twig.parent
    return None


def _ends_line(characters: Iterator[str] | str) -> bool:
    """Whether only white space comes before the first line break."""
    for character in characters:
        if character in "\r\n":
            return True
        if character not in JAVA_SPACES:
            return False
    return False


def _first_line(text: str) -> int:
    """The length of the first line with its break; 0 without one."""
    for at, character in enumerate(text):
        if character in "\r\n":
            return at + (2 if text.startswith("\r\n", at) else 1)
    return 0


def _last_break(text: str) -> int:
    return max(text.rfind("\r"), text.rfind("\n"))
