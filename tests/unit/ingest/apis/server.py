"""A server that plays a vendor's API over a known truth, and goes wrong when it is told to."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SECRET = "s3cret-of-the-vendor"


@dataclass
class Request:
    """What was asked."""

    method: str
    path: str
    params: dict[str, str]
    document: Any
    headers: dict[str, str]


@dataclass
class Response:
    """What is answered."""

    document: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None

    @property
    def body(self) -> bytes:
        return json.dumps(self.document).encode() if self.raw is None else self.raw


class FaultServer:
    """Real HTTP on a free port of 127.0.0.1.

    `faults` names what goes wrong at which request (from 1 on); `always` at every one. `before` is
    called with the number of each request, so that records can be edited while they are paged.
    """

    def __init__(self, world: Any, skew: float = 0.0) -> None:
        self.world = world
        self.skew = skew
        self.faults: dict[int, str] = {}
        self.always = ""
        self.before: Callable[[int], object] | None = None
        self.requests: list[Request] = []
        self.probes: list[Request] = []
        world.now = self.now
        handler = type("Handler", (_Handler,), {"server_of": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def now(self) -> float:
        """The server's own clock."""
        return time.time() + self.skew

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer(self, request: Request) -> tuple[Response, str]:
        with self._lock:
            if request.path == "/":
                self.probes.append(request)
                return Response({}, 404), ""
            self.requests.append(request)
            number = len(self.requests)
            if self.before:
                self.before(number)
            fault = self.faults.get(number, self.always)
            return self.spoiled(self.world.answer(request), fault), fault

    def spoiled(self, good: Response, fault: str) -> Response:
        world = self.world
        match fault:
            case "429 seconds":
                return Response({}, 429, {"Retry-After": "7"})
            case "429 date":
                moment = formatdate(self.now() + 20, usegmt=True)
                return Response({}, 429, {"Retry-After": moment})
            case "429":
                return Response({}, 429)
            case "408" | "425" | "500" | "502" | "503" | "504" | "401" | "403" | "302":
                headers = {"Location": "http://127.0.0.1:9/elsewhere"} if fault == "302" else {}
                return Response({"error": "x"}, int(fault), headers)
            case "truncated":
                # Not between two lines, where nothing tells that others should follow.
                half = good.body[: len(good.body) // 2].removesuffix(b"\n")
                return Response(raw=half[:-3], headers=good.headers)
            case "html":
                return Response(raw=b"<!DOCTYPE html><html>Please wait</html>")
            case "null" | "missing" | "text":
                return Response(world.without_list(good, fault), headers=good.headers)
            case "empty":
                return Response(world.emptied(good), headers=good.headers)
            case "reordered":
                return Response(world.reordered(good), headers=good.headers)
        return good


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of: FaultServer

    def do_GET(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate(self.server_of.now() if timestamp is None else timestamp, usegmt=True)

    def _reply(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(size) if size else b""
        parts = urlsplit(self.path)
        request = Request(
            self.command, parts.path, dict(parse_qsl(parts.query)),
            json.loads(sent) if sent else None, dict(self.headers),
        )  # fmt: skip
        response, fault = self.server_of.answer(request)
        body = response.body
        # Headers and body in packets of their own would wait for each other.
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault == "slow":
            time.sleep(1.5)
        if fault not in {"reset", "cut"}:
            self.wfile.write(body)
            return
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        if fault == "reset":
            # Closing with this option set sends RST in place of FIN.
            option = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
        self.connection.shutdown(socket.SHUT_WR) if fault == "cut" else self.connection.close()
        self.close_connection = True
