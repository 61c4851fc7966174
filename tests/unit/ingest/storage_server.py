"""A real S3 server on this machine, and a proxy before it that counts requests and breaks some.

Belongs here: what stands in for an object store. Does not belong here: tests.
"""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

KEYS = {"AWS_ACCESS_KEY_ID": "tests-alone", "AWS_SECRET_ACCESS_KEY": "a secret of tests alone"}
_OWN_HEADERS = {"transfer-encoding", "connection", "date", "server", "content-length"}
HOST = "127.0.0.1"


@dataclass
class Fault:
    """What happens to requests whose method and path fit, so many times."""

    method: str
    within: str
    # 500, 503 ...; "reset" cuts the connection, "lost" cuts it after the server has done the work,
    # "cut" sends half of the body, "short" half as if it were all, "garbled" other bytes.
    how: int | str
    times: int = 1

    def fits(self, method: str, path: str) -> bool:
        return self.times > 0 and method == self.method and self.within in path


@dataclass
class Proxy:
    """Passes requests on; `seen` holds their methods and paths."""

    port: int = 0
    seen: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    # Called before a request is passed on.
    before: Callable[[str, str], None] = lambda method, path: None

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"

    def gets(self, within: str = "") -> list[str]:
        """Objects that were fetched; listings are none."""
        return [p for m, p in self.seen if m == "GET" and "list-type" not in p and within in p]

    def puts(self, within: str = "") -> list[str]:
        return [path for method, path in self.seen if method == "PUT" and within in path]


def _handler(proxy: Proxy, upstream: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Silence."""

        def _cut(self) -> None:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()

        def _pass_on(self) -> None:
            path = unquote(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            proxy.seen.append((self.command, path))
            proxy.before(self.command, path)
            fault = next((f for f in proxy.faults if f.fits(self.command, path)), None)
            how: int | str = ""
            if fault:
                fault.times -= 1
                how = fault.how
            if isinstance(how, int):
                self.send_response(how)
                self.send_header("content-length", "0")
                self.end_headers()
                return
            if how == "reset":
                self._cut()
                return
            server = http.client.HTTPConnection(HOST, upstream, timeout=30)
            server.request(self.command, self.path, body, dict(self.headers))
            answer = server.getresponse()
            content = answer.read()
            server.close()
            if how == "lost":
                self._cut()
                return
            if how == "short":
                content = content[: len(content) // 2]
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _OWN_HEADERS:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                if how == "cut":
                    self.wfile.write(content[: len(content) // 2])
                    self.wfile.flush()
                    self._cut()
                    return
                self.wfile.write(bytes(b ^ 1 for b in content) if how == "garbled" else content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on  # noqa: N815

    return Handler


@contextmanager
def proxied(upstream: int) -> Iterator[Proxy]:
    """A proxy before the server on a port."""
    proxy = Proxy()
    server = ThreadingHTTPServer((HOST, 0), _handler(proxy, upstream))
    server.daemon_threads = True
    proxy.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def s3_server() -> Iterator[int]:
    """Moto's server; yields its port."""
    import logging

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address=HOST, port=0, verbose=False)
    server.start()
    try:
        yield server.get_host_and_port()[1]
    finally:
        server.stop()
