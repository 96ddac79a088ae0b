"""The data of corpus and generated templates: every kind of value, and missing ones."""

import datetime as dt
from decimal import Decimal

DATA: dict[str, object] = {
    "s": "Hello World",
    "empty": "",
    "blank": "  \t",
    "quote": 'say "hi", it\'s <b>5 & 6</b>',
    "emoji": "a😀é",
    "lines": "one\r\ntwo\nthree",
    "n": 5,
    "zero": 0,
    "neg": -7,
    "cents": 123456,
    "big": 12345678901234567890,
    "d": Decimal("2.345"),
    "long": Decimal("0.123456789012345"),
    "f": 0.1,
    "half": 2.5,
    "yes": True,
    "no": False,
    "none": None,
    "day": dt.date(2024, 2, 29),
    "at": dt.datetime(2024, 2, 29, 13, 5, 9, 120000, tzinfo=dt.UTC),
    "xs": [3, 1, 2],
    "ss": ["b", "a", "C"],
    "holes": [1, None, 3],
    "nothing": [],
    "m": {"a": 1, "b": "two", "c": {"d": "deep"}},
    "void": {},
    "people": [
        {"name": "Bo", "age": 30, "tags": ["x", "y"]},
        {"name": "Al", "age": 25, "tags": []},
        {"name": "Cy", "age": 30, "nick": "C"},
    ],
}
