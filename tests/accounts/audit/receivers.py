"""Real servers for streams and webhooks: HTTP, and syslog over UDP, TCP or TLS."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

KEY = "a-key-for-webhooks-of-more-than-32-characters"


class Request(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes


class WebReceiver:
    """Receives posts; `answers` are the next status codes, followed by 200."""

    def __init__(self) -> None:
        self.taken: list[Request] = []
        self.refused: list[Request] = []
        self.answers: list[int] = []
        self.location = ""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                request = Request(self.path, dict(self.headers), self.rfile.read(length))
                code = receiver.answers.pop(0) if receiver.answers else 200
                (receiver.taken if code == 200 else receiver.refused).append(request)
                self.send_response(code)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class SyslogReceiver:
    """Receives messages with their length in front; resets the first `resets` connections."""

    def __init__(self, *, datagrams: bool = False, tls: ssl.SSLContext | None = None) -> None:
        self.messages: list[bytes] = []
        self.resets = 0
        kind = socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM
        self._socket = socket.socket(socket.AF_INET, kind)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._tls = tls
        if not datagrams:
            self._socket.listen()
        self._thread = threading.Thread(
            target=self._take_datagrams if datagrams else self._take_connections, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _take_datagrams(self) -> None:
        with contextlib.suppress(OSError):
            while message := self._socket.recv(70_000):
                self.messages.append(message)

    def _take_connections(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            if self.resets:
                self.resets -= 1
                # Closing with unread data and no linger sends a reset.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.close()
                continue
            with contextlib.suppress(OSError):
                if self._tls:
                    connection = self._tls.wrap_socket(connection, server_side=True)
                self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while True:
                length = b""
                while (digit := stream.read(1)) not in {b" ", b""}:
                    length += digit
                if not length:
                    break
                self.messages.append(stream.read(int(length)))
            if isinstance(connection, ssl.SSLSocket):
                connection.unwrap()


@contextmanager
def serving(receiver: "SyslogReceiver") -> Iterator["SyslogReceiver"]:
    try:
        yield receiver
    finally:
        receiver.close()
