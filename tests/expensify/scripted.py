"""A server that sends scripted bytes, for answers that no correct server sends."""

import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Reply:
    """Bytes to send and functions to call between them; then the connection is closed or kept."""

    steps: tuple[bytes | Callable[[], object], ...]
    keep: bool = False


def http(body: bytes | str = b"", status: str = "200 OK", headers: str = "", *, keep: bool = False) -> Reply:
    """A well-formed answer with a Content-Length; `headers` are whole lines, each ended by CRLF."""
    body = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return Reply((head.encode() + body,), keep=keep)


def raw(*steps: bytes | Callable[[], object]) -> Reply:
    return Reply(steps)


@dataclass
class Request:
    head: str
    body: bytes

    @property
    def line(self) -> str:
        return self.head.partition("\r\n")[0]

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode(), keep_blank_values=True, strict_parsing=True)


@dataclass
class ScriptedServer:
    """Each request takes the next reply; without one the connection is closed."""

    tls: ssl.SSLContext | None = None
    before_handshake: Callable[[], object] = lambda: None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    closed: int = 0
    replies: deque[Reply] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self.port}/Integration-Server/ExpensifyIntegrations"

    def will_answer(self, *replies: Reply) -> None:
        self.replies.extend(replies)

    def silence(self) -> None:
        """A step of a reply: wait until the server stops."""
        self._stopped.wait()

    def wait_for(self, is_true: Callable[[], object]) -> None:
        """A step of a reply: wait until it is true or the server stops."""
        while not is_true() and not self._stopped.wait(0.001):
            pass

    def stop(self) -> None:
        self._stopped.set()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self.connections += 1
        with connection:
            try:
                if self.tls:
                    self.before_handshake()
                    connection = self.tls.wrap_socket(connection, server_side=True)
                while (request := self._read(connection)) is not None:
                    self.requests.append(request)
                    reply = self.replies.popleft() if self.replies else Reply(())
                    for step in reply.steps:
                        if isinstance(step, bytes):
                            connection.sendall(step)
                        else:
                            step()
                    if not reply.keep:
                        break
            except OSError:
                pass  # the client went away first
            finally:
                connection.close()
        self.closed += 1

    def _read(self, connection: socket.socket) -> Request | None:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return None
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        request = Request(head.decode(), body)
        while len(request.body) < int(request.headers.get("content-length", "0")):
            request.body += connection.recv(65536)
        return request
