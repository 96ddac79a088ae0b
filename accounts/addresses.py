"""Read e-mail addresses as people type and paste them: from mail programs, spreadsheets and web pages.

1. Take out characters that cannot be seen, and make typographic quotes and separators plain.
2. Cut the text at its separators: line breaks and semicolons; commas, unless they stand inside of a name.
3. Let the standard library's `email` read each piece: a name and an address, an address alone, or a comment.

What is no address is returned as it is, so that nothing is dropped in silence.
"""

import re
import unicodedata
from email.utils import parseaddr
from typing import NamedTuple
from urllib.parse import unquote

_PLAIN = str.maketrans("“”„«»‘’‚；，、＜＞＠", '"' * 5 + "'" * 3 + ";,,<>@")
_MARKDOWN = re.compile(r"\[([^\[\]]*)\]\(\s*(mailto:[^()\s]*)\s*\)", re.IGNORECASE)
_HEADER = re.compile(r"\s*(?:to|cc|bcc|from|reply-to)\s*:\s*", re.IGNORECASE)
_MAILTO = re.compile(r"mailto:\s*([^\s<>?]*)(?:\?[^\s<>]*)?", re.IGNORECASE)
# A name in quotes, an address in brackets, a comment, a separator, or any other character.
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|<[^<>\n]*>|\([^()\n]*\)|[,;\n]|[^",;\n<>()]+|.', re.DOTALL)
_BRACKETED = re.compile(r"([^<>]*)<\s*([^<>\s]+)\s*>\s*(?:\([^()]*\))?\s*")
_SIMPLE = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_WORD = re.compile(r"\S+")
_ENDS = "'\"<>[]{}.,:"


class Addresses(NamedTuple):
    """The addresses as they are written, in order, each once; and the pieces of the text that are none."""

    found: list[str]
    unread: list[str]


def read_addresses(text: str) -> Addresses:
    if _SIMPLE.fullmatch(text):  # most are: a file has one in each row
        return Addresses([text], [])
    found: dict[str, str] = {}
    unread: list[str] = []
    for piece in _pieces(_plain(text)):
        addresses, rest = _read_piece(piece)
        for address in addresses:
            found.setdefault(address.lower(), address)
        unread += rest
    return Addresses(list(found.values()), unread)


def read_address(text: str) -> str:
    """The one address in the text; the text without invisible characters if it has none, several or a rest."""
    addresses = read_addresses(text)
    return addresses.found[0] if len(addresses.found) == 1 and not addresses.unread else visible(text)


def visible(text: str) -> str:
    """The text without characters that cannot be seen, and with plain spaces."""
    seen = (letter for letter in text if unicodedata.category(letter) != "Cf")
    return "".join(" " if letter.isspace() and letter != "\n" else letter for letter in seen).strip()


def _plain(text: str) -> str:
    text = visible(text.replace("\r\n", "\n").replace("\r", "\n")).translate(_PLAIN)
    text = _MARKDOWN.sub(r"\1 <\2>", text)
    return _MAILTO.sub(lambda link: unquote(link[1]), text)


def _pieces(text: str) -> list[str]:
    """The text between separators. Words before a comma belong to the name before the next bracket: “Doe, Jane <…>”."""
    pieces: list[str] = []
    for line in _cut(text, ";\n"):
        name: list[str] = []
        for part in _cut(_HEADER.sub("", line, count=1) if "@" in line else line, ","):
            if "@" not in part:
                name.append(part)
            elif _BRACKETED.fullmatch(part) or not name:
                pieces.append(", ".join([*name, part]))
                name = []
            else:
                pieces += [*name, part]
                name = []
        pieces += name
    return [piece for piece in map(str.strip, pieces) if piece]


def _cut(text: str, separators: str) -> list[str]:
    """The parts between the separators; what follows an address in brackets is a part of its own."""
    parts = [""]
    for token in _TOKEN.findall(text):
        if token in separators or (parts[-1].endswith(">") and token.strip() and not token.startswith("(")):
            parts.append("")
        if token not in separators:
            parts[-1] = (parts[-1] + token).lstrip()
    return [part.strip() for part in parts if part.strip(_ENDS + " ")]


def _read_piece(piece: str) -> tuple[list[str], list[str]]:
    """The addresses in a piece, and what is none. Two different addresses for one person are none."""
    if bracketed := _BRACKETED.fullmatch(piece):
        name, inside = bracketed[1].strip(" '\""), bracketed[2].strip(_ENDS)
        others = {word.strip(_ENDS).lower() for word in _WORD.findall(name) if "@" in word}
        address = _parsed(f'"{_escaped(name)}" <{inside}>')
        return ([address], []) if address and others <= {address.lower()} else ([], [piece])
    if "<" not in piece and (address := _parsed(piece.strip(_ENDS))):
        return [address], []
    words = [word.strip(_ENDS) or word for word in _WORD.findall(piece)]
    addresses = [_parsed(word) for word in words]
    return [each for each in addresses if each], [word for word, each in zip(words, addresses, strict=True) if not each]


def _parsed(piece: str) -> str:
    """The address in a piece that is one mailbox (RFC 5322), or empty."""
    _, address = parseaddr(piece)
    local, at, domain = address.rpartition("@")
    return address if local and at and domain and not re.search(r"\s", address) else ""


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')
