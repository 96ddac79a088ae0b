"""A stand-in for Expensify, in its own process, where every file is one large CSV."""

import json
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import parse_qs

from sandbox.server import Environ, Server

# About 140 bytes per row, quoted as the column builder writes them.
ROW = (
    '"R{n:011}","2026-11-{day:02}","Shop {n:07}, Berlin","Travel","Project {day}","lunch with ""Bob"" and others",'
    "{cents}.50,EUR,{cents}.50,EUR,Yes,No\r\n"
)
BLOCK = "".join(ROW.format(n=n, day=n % 28 + 1, cents=n % 1000) for n in range(8000)).encode()


def rows_of(size: int) -> Iterator[bytes]:
    """`size` bytes of rows in blocks of a megabyte; the last row may be incomplete."""
    while size > 0:
        yield BLOCK[:size]
        size -= len(BLOCK)


def serve(size: int, sender: Connection) -> None:
    """Send the server's address, and serve until the process ends."""

    def app(environ: Environ, start_response: Any) -> Iterable[bytes]:
        form = parse_qs(environ["wsgi.input"].read().decode())
        job = json.loads(form["requestJobDescription"][0]) if form else {"type": "download"}
        if job["type"] != "download":
            start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "14")])
            return [b"export-big.csv"]
        start_response("200 OK", [("Content-Type", "text/csv"), ("Content-Length", str(size))])
        return rows_of(size)

    with Server(app, "127.0.0.1", 0) as server:
        sender.send(server.url)
        sender.poll(None)
