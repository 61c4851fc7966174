"""A small server of finished pages: the checks' and the published ones. It can only be read.

Belongs here: which file answers which address. Does not belong here: what stands in the files, and
the web UI (Dagster's).

`/checks/...` is the workspace's `checks/`, `/published/...` the pages of the build that readers see
now. Nothing else of the workspace can be reached, folders are not listed, links out of the two are
not followed. It answers on 127.0.0.1 alone, and only who asks for it by its own name: another
site's page must not be able to read it through the visitor's browser.
"""

from __future__ import annotations

import mimetypes
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urlsplit

from ingest.settings import Workspace
from orchestration.lib.check_page import page
from orchestration.lib.check_pages import INDEX, address
from orchestration.lib.paths import PipelineError

HOST = "127.0.0.1"
_HEADERS = {
    "Cache-Control": "no-store",
    # Pages have their style inside and need nothing else.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@contextmanager
def serving(workspace: Workspace, port: int) -> Generator[PageServer]:
    """Serves a workspace's pages from a thread of its own as long as the context lasts.

    Raises:
        PipelineError: If the port is taken.
    """
    try:
        server = PageServer(workspace, port)
    except (OSError, OverflowError) as error:
        raise PipelineError(
            f"Port {port} on {HOST} can't be had ({error}). Stop what uses it, or choose another "
            "for the pages: productops up --pages-port ..."
        ) from error
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class PageServer(ThreadingHTTPServer):
    """Knows which file answers an address; port 0 takes a free one."""

    daemon_threads = True

    def __init__(self, workspace: Workspace, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self.port = int(self.server_address[1])
        self.folders = {
            "checks": workspace.checks,
            "published": workspace.published / "current" / "pages",
        }
        self.title = workspace.config.org.name
        proxied = urlsplit(address(workspace)).netloc
        self.names = {f"{HOST}:{self.port}", f"localhost:{self.port}", proxied}

    def file_for(self, path: str) -> Path | None:
        """The file behind an address; None where there is none to be seen."""
        first, _, rest = unquote(urlsplit(path).path).lstrip("/").partition("/")
        folder = self.folders.get(first)
        if folder is None or "\0" in rest:
            return None
        root = folder.resolve()
        try:
            found = (root / (rest or INDEX)).resolve()
            found = found / INDEX if found.is_dir() else found
            is_inside = found.resolve().is_relative_to(root)
            hidden = any(part.startswith(".") for part in found.relative_to(root).parts)
            return found if is_inside and not hidden and found.is_file() else None
        except (OSError, ValueError):
            return None

    def home(self) -> str:
        """What stands at `/`: links to both."""
        items = "".join(
            f"<li><a href='/{name}/index.html'>{words}</a></li>"
            for name, words in (("published", "The published page"), ("checks", "The checks"))
            if self.file_for(f"/{name}/")
        )
        shown = items or "<li>nothing yet: run <code>productops run</code></li>"
        return page(self.title, [f"<section><ul>{shown}</ul></section>"])


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD."""

    server_version = "productops"
    sys_version = ""
    # Who opens a connection and says nothing must not keep it.
    timeout = 30

    @property
    def pages(self) -> PageServer:
        """The server that was asked."""
        return cast("PageServer", self.server)

    def do_GET(self) -> None:
        """A page, or why there is none."""
        if self.headers.get("Host", "") not in self.pages.names:
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, b"This server has another name.\n")
            return
        path = urlsplit(self.path).path
        if path in ("", "/"):
            self._answer(HTTPStatus.OK, self.pages.home().encode(), "text/html; charset=utf-8")
            return
        if path[1:] in self.pages.folders:
            # Links in a page are relative to its folder.
            self._answer(HTTPStatus.PERMANENT_REDIRECT, b"", Location=f"{path}/")
            return
        found = self.pages.file_for(self.path)
        try:
            content = found.read_bytes() if found else None
        except OSError:
            content = None
        if found is None or content is None:
            gone = b"There is no such page, or no longer: the last evaluations stay.\n"
            self._answer(HTTPStatus.NOT_FOUND, gone)
            return
        kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
        is_text = kind.startswith("text/") or kind == "image/svg+xml"
        self._answer(HTTPStatus.OK, content, f"{kind}; charset=utf-8" if is_text else kind)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: what people look at is theirs."""

    def _answer(
        self, status: HTTPStatus, content: bytes, kind: str = "text/plain; charset=utf-8",
        **headers: str,
    ) -> None:  # fmt: skip
        self.send_response(status)
        for name, value in {**_HEADERS, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
