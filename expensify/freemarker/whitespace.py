"""White-space stripping: lines with only tags print nothing, and trims act on their line.

The rules are FreeMarker's, including their order, because the order affects the output:

1. Every text is processed once, first to last, against the current state of its neighbours.
2. A trim affects only texts that are processed before its own block is finished.
3. A macro or block assignment is opaque from outside; from inside, its first and last texts see past its tags.
4. The first text of a template is never stripped, only trimmed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

from expensify.freemarker import tree
from expensify.freemarker.errors import Unsupported

MAX_CHECKS = 1_000_000
"""The number of neighbours checked in total; no sensible template has that many tags on one line."""

_SILENT = (tree.Macro, tree.Assign, tree.Setting, tree.Comment)
_WITH_BODY = (
    tree.AssignBlock, tree.Branch, tree.Compress, tree.Escape, tree.Foreign, tree.Items, tree.List, tree.Macro,
    tree.MacroCall, tree.NoEscape, tree.Sep,
)  # fmt: skip
# Java's Character.isWhitespace (for the edge of a trimmed line) and String.trim (for "is this line blank").
JAVA_SPACES = (
    "\t\n\x0b\f\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a"
    "\u2028\u2029\u205f\u3000"
)
_TRIMMED = "".join(map(chr, range(33)))


def strip(body: tree.Body, *, lines: bool = True) -> tree.Body:
    """Strip the texts of the elements; without `lines` only apply trims (`<#ftl strip_whitespace=false>`)."""
    if not body:
        return body
    if len(body) == 1:
        # In FreeMarker a single element is the root itself, so it is not the parent of a top-level text.
        root = _link(body[0], None)
        _Stripper(lines).clean(root)
        return (cast(tree.Element, root.rebuild()),)
    root = _LinkedNode(None, None, top=True)
    root.adopt(body, tuple)
    _Stripper(lines).clean(root)
    return cast(tree.Body, root.rebuild())


class _LinkedNode:
    """A mutable node linked to its neighbours. `first` and `last` are the ends of its children."""

    __slots__ = (
        "after", "before", "begin", "children", "end", "first", "last", "make", "node", "parent",
        "starts_line", "text", "top",
    )  # fmt: skip

    def __init__(self, node: tree.Node | None, parent: _LinkedNode | None, *, top: bool = False) -> None:
        self.node = node
        self.parent = parent
        self.top = top
        self.before: _LinkedNode | None = None
        self.after: _LinkedNode | None = None
        self.first: _LinkedNode | None = None
        self.last: _LinkedNode | None = None
        self.children: list[_LinkedNode] = []
        self.make: Callable[[Sequence[Any]], object] | None = None
        self.text = node.text if isinstance(node, tree.Text) else ""
        self.begin, self.end = (node.span.line, node.span.end_line) if node else (0, 0)
        # FreeMarker counts a leading tab as eight columns, so such a text does not count as the line's beginning.
        self.starts_line = node is not None and node.span.column == 1 and not self.text.startswith("\t")

    def adopt(self, nodes: Sequence[tree.Node], make: Callable[[Sequence[Any]], object]) -> None:
        self.adopt_linked([_link(node, self) for node in nodes], make)

    def adopt_linked(self, children: list[_LinkedNode], make: Callable[[Sequence[Any]], object]) -> None:
        """Link the children, whose parent this is already, to each other."""
        self.children, self.make = children, make
        self.first, self.last = (children[0], children[-1]) if children else (None, None)
        for before, after in pairwise(children):
            before.after, after.before = after, before

    def remove(self, child: _LinkedNode) -> None:
        """Unlink a child from its neighbours; `children` keeps it."""
        if child.before is None:
            self.first = child.after
        else:
            child.before.after = child.after
        if child.after is None:
            self.last = child.before
        else:
            child.after.before = child.before

    def rebuild(self) -> object:
        """Return the node with the current texts inside it."""
        if isinstance(self.node, tree.Text):
            return replace(self.node, text=self.text)
        if self.make is None:
            return self.node
        remaining = (linked for linked in self.children if not (isinstance(linked.node, tree.Text) and not linked.text))
        return self.make([linked.rebuild() for linked in remaining])

    # ---- the leaves of the tree, in FreeMarker's sense

    def earlier(self) -> Iterator[_LinkedNode]:
        """Yield the leaves before this one on its first line, nearest first."""
        linked: _LinkedNode | None = self
        # A trim may move the beginning of this text during the iteration, which ends it.
        while (linked := _next_leaf(linked, "before", "last")) is not None and linked.end == self.begin:
            yield linked

    def later(self) -> Iterator[_LinkedNode]:
        """Yield the leaves after this one on its last line."""
        linked: _LinkedNode | None = self
        while (linked := _next_leaf(linked, "after", "first")) is not None and linked.begin == self.end:
            yield linked

    # ---- effects on neighbours

    def holds_line(self, *, from_end: bool) -> bool:
        """Whether the leaves after this one (`from_end`) or before it on the line must keep their white space."""
        if not isinstance(self.node, tree.Text):
            return isinstance(self.node, (tree.Interpolation, tree.NumberInterpolation))
        return not self.is_gone(True) and not _ends_line(reversed(self.text) if from_end else self.text)

    def is_gone(self, lines: bool) -> bool:
        """Whether this leaf will be dropped: a trim, an empty text, or a blank text among tags that print nothing."""
        if not isinstance(self.node, tree.Text):
            return isinstance(self.node, tree.Trim)
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
        self._checks = 0

    def clean(self, linked: _LinkedNode) -> None:
        """Strip the texts inside a node, first to last, then drop the leaves that are gone."""
        if isinstance(linked.node, tree.If) and linked.first is linked.last and linked.first is not None:
            # A single branch takes the position of its <#if>, closing tag included.
            linked.first.end = linked.end
        for child in linked.children:
            if isinstance(child.node, tree.Text):
                self._strip_text(child)
            else:
                self.clean(child)
        leaf_or_block = linked.first
        while leaf_or_block is not None:
            following = leaf_or_block.after
            if leaf_or_block.is_gone(self.lines):
                linked.remove(leaf_or_block)
                leaf_or_block.text = ""
            leaf_or_block = following
        if linked.parent is None and isinstance(linked.node, tree.Text):
            self._strip_text(linked)

    def _strip_text(self, linked: _LinkedNode) -> None:
        if not linked.text:
            return
        trimmed_left = self._trim_left(linked)
        trimmed_right = self._trim_right(linked)
        if not self.lines or not linked.text or (linked.at_top() and linked.before is None):
            return
        tail = 0 if trimmed_left else self._blank_tail(linked)
        head = 0 if trimmed_right else self._blank_head(linked)
        if head:
            linked.begin += 1
            linked.starts_line = True
        linked.text = linked.text[head : max(len(linked.text) - tail, head)]

    def _trim_left(self, linked: _LinkedNode) -> bool:
        """Apply trims later on the last line of this text: the line loses its indentation."""
        has_trim = False
        for leaf in self._count_checks(linked.later()):
            if not isinstance(leaf.node, tree.Trim):
                continue
            if leaf.node.left:
                line = _last_break(linked.text) + 1
                if line or linked.starts_line:
                    rest = linked.text[line:]
                    linked.text = linked.text[:line] + ("" if not rest.strip(_TRIMMED) else rest.lstrip(JAVA_SPACES))
            has_trim = has_trim or leaf.node.left or not leaf.node.right
        return has_trim

    def _trim_right(self, linked: _LinkedNode) -> bool:
        """Apply trims earlier on the first line of this text: the line loses trailing white space and its break."""
        has_trim = False
        for leaf in self._count_checks(linked.earlier()):
            if not isinstance(leaf.node, tree.Trim):
                continue
            if leaf.node.right:
                length = _first_line(linked.text)
                if length == 0:
                    return False
                line, rest = linked.text[:length], linked.text[length:]
                if not line.strip(_TRIMMED):
                    linked.text = rest
                    linked.begin += 1
                    linked.starts_line = True
                else:
                    if not rest.strip(_TRIMMED) and self._drops_rest(linked):
                        rest = ""
                    linked.text = line.rstrip(JAVA_SPACES) + rest
            has_trim = has_trim or leaf.node.right or not leaf.node.left
        return has_trim

    def _drops_rest(self, linked: _LinkedNode) -> bool:
        """Whether blank text after a trimmed line is dropped too: unless something is printed there first."""
        drops = True
        for leaf in self._count_checks(linked.later()):
            if leaf.holds_line(from_end=True):
                drops = False
            if isinstance(leaf.node, tree.Trim) and leaf.node.left:
                return True
        return drops

    def _blank_head(self, linked: _LinkedNode) -> int:
        """Return how many leading characters to cut when they end a line of tags."""
        length = _first_line(linked.text)
        if (length == 0 and not linked.starts_line) or linked.text[:length].strip(_TRIMMED):
            return 0
        if any(leaf.holds_line(from_end=True) for leaf in self._count_checks(linked.earlier())):
            return 0
        return length

    def _blank_tail(self, linked: _LinkedNode) -> int:
        """Return how many trailing characters to cut when they begin a line of tags."""
        line = _last_break(linked.text) + 1
        if (line == 0 and not linked.starts_line) or linked.text[line:].strip(_TRIMMED):
            return 0
        if any(leaf.holds_line(from_end=False) for leaf in self._count_checks(linked.later())):
            return 0
        return len(linked.text) - line

    def _count_checks(self, leaves: Iterator[_LinkedNode]) -> Iterator[_LinkedNode]:
        for leaf in leaves:
            self._checks += 1
            if self._checks > MAX_CHECKS and leaf.node is not None:
                raise Unsupported("there are too many tags on this line for the preview", leaf.node.span)
            yield leaf


def _link(node: tree.Node, parent: _LinkedNode | None) -> _LinkedNode:
    """Link the node and its children, in the tree shape of FreeMarker."""
    linked = _LinkedNode(node, parent)
    if isinstance(node, tree.If):
        linked.adopt(node.branches, lambda parts: replace(node, branches=tuple(parts)))
    elif isinstance(node, tree.Switch):
        linked.adopt(node.cases, lambda parts: replace(node, cases=tuple(parts)))
    elif isinstance(node, tree.List) and node.otherwise is not None:
        loop = _LinkedNode(node, linked)
        loop.adopt(node.body, lambda parts: replace(node, body=tuple(parts)))
        otherwise = _link(node.otherwise, linked)
        linked.adopt_linked([loop, otherwise], lambda parts: replace(parts[0], otherwise=parts[1]))
    elif isinstance(node, tree.Attempt):
        tried = _LinkedNode(node, linked)
        tried.adopt(node.body, tuple)
        linked.adopt_linked(
            [tried, _link(node.recover, linked)],
            lambda parts: replace(node, body=cast(tree.Body, parts[0]), recover=parts[1]),
        )
    elif isinstance(node, _WITH_BODY) and node.body is not None:
        linked.adopt(node.body, lambda parts: replace(node, body=tuple(parts)))
    return linked


def _next_leaf(linked: _LinkedNode | None, side: str, end: str) -> _LinkedNode | None:
    """Return the next leaf on that side; a macro or block assignment counts as a leaf."""
    while linked is not None:
        neighbour: _LinkedNode | None = getattr(linked, side)
        if neighbour is not None:
            while not isinstance(neighbour.node, (tree.Macro, tree.AssignBlock)):
                inner = getattr(neighbour, end)
                if inner is None:
                    break
                neighbour = inner
            return neighbour
        linked = linked.parent
    return None


def _ends_line(characters: Iterator[str] | str) -> bool:
    """Whether the characters before the first line break are white space."""
    for character in characters:
        if character in "\r\n":
            return True
        if character not in JAVA_SPACES:
            return False
    return False


def _first_line(text: str) -> int:
    """Return the length of the first line with its break; 0 without a break."""
    for at, character in enumerate(text):
        if character in "\r\n":
            return at + (2 if text.startswith("\r\n", at) else 1)
    return 0


def _last_break(text: str) -> int:
    return max(text.rfind("\r"), text.rfind("\n"))
