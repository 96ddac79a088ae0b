"""A small threaded HTTP/1.1 server for a WSGI app that may also drop the connection."""

import io
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import unquote

Environ = dict[str, Any]
StartResponse = Callable[..., object]
App = Callable[[Environ, StartResponse], Iterable[bytes]]

PATH = "/Integration-Server/ExpensifyIntegrations"


class Cut(Exception):
    """Raised by the app or its body: close the connection without another byte."""


class Server:
    """Serves the app on a port in its own threads, within `with` or from `start` to `stop`."""

    def __init__(self, app: App, host: str, port: int, on_stop: Callable[[], None] = lambda: None) -> None:
        self._http = _Listener((host, port), app)
        self._on_stop = on_stop
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        url_host = f"[{host}]" if ":" in host else host
        self.base_url = f"http://{url_host}:{self._http.server_address[1]}"
        self.url = self.base_url + PATH

    def start(self) -> "Server":
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening and close all connections."""
        self._on_stop()
        self._http.shutdown()
        self._http.server_close()
        self._http.hang_up()
        self._thread.join()

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], app: App) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.app = app
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # HTTPServer looks up the host's full name here, which can take seconds without a name server.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "sandbox", int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the client closed it first

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore closed connections, which are normal; print any other error, which is a bug."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    wbufsize = -1  # head and body in one packet: without a buffer each answer would wait for an acknowledgement
    disable_nagle_algorithm = True
    server: _Listener

    def do_POST(self) -> None:
        body = self._read_body()
        path, _, query = self.path.partition("?")
        environ: Environ = {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote(path),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.input": io.BytesIO(body),
        }
        try:
            self._send_answer(self.server.app(environ, self._start_response))
        except Cut:
            self.close_connection = True

    do_GET = do_POST

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        self._head = status, headers
        return self.wfile.write

    def _send_answer(self, body: Iterable[bytes]) -> None:
        status, headers = self._head
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        chunked = not any(name.lower() == "content-length" for name, _ in headers)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for part in body:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked and part else part)
                self.wfile.flush()
            if chunked:
                self.wfile.write(b"0\r\n\r\n")
        finally:
            self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the app has its own log, and this one would contain URLs with secrets."""
