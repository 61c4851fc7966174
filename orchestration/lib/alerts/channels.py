"""Giving one message to one channel, within a time limit.

Belongs here: Apprise and web hooks, what a failure is called, secrets kept out of it. Does not
belong here: when to send and to try again (`outbox`).

Apprise is imported only when a message is sent.
"""

from __future__ import annotations

import json
import logging
import threading
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ingest.alerting import Channel
from orchestration.lib.alerts.messages import Message
from orchestration.lib.alerts.render import as_chat, as_html, as_json, as_markdown, plain

HEADER = "X-Productops-Message-Id"
_NO_WEB = "holds no web address"
_BEAT_SECONDS = 5
_SHORTEST_SECRET = 4
_LONGEST_PROBLEM = 200


def send(channel: Channel, url: str, message: Message) -> str:
    """Sends; returns what went wrong, or nothing.

    A channel that answers nothing at all is given up after twice its time limit. It may have taken
    the message all the same: a repetition has the same `message_id`.
    """
    if not url:
        return f"{channel.url_env} is not set"
    outcome: list[str] = []

    def attempt() -> None:
        try:
            give = _to_webhook if channel.kind == "webhook" else _by_apprise
            outcome.append(give(channel, url, message))
        except Exception as error:  # a library's own fault must not end the look at everything else
            outcome.append(f"{type(error).__name__}: {error}")

    # A thread that is not waited for: nothing else ends what a library does without a limit.
    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    limit = 2 * channel.timeout_seconds
    thread.join(limit)
    problem = outcome[0] if outcome else f"no answer within {limit} seconds"
    return mask(problem, url)[:_LONGEST_PROBLEM]


def beat(url: str) -> str:
    """Calls the address that is missed when it is no longer called; what went wrong, or nothing."""
    if not _is_web(url):
        return _NO_WEB
    return mask(_call(urllib.request.Request(url), _BEAT_SECONDS), url)  # noqa: S310


def mask(text: str, url: str) -> str:
    """The text without a channel's address and without any part of it that may be a secret."""
    for part in sorted(secrets_in(url), key=len, reverse=True):
        text = text.replace(part, "***")
    return text


def secrets_in(url: str) -> set[str]:
    """The address and its parts: in some, even the place of the host holds a token."""
    found = {url}
    try:
        parts = urlsplit(url)
        found |= {parts.netloc, parts.hostname or "", parts.username or "", parts.password or ""}
        found |= set(parts.path.split("/"))
        found |= {value for _, value in parse_qsl(parts.query)}
    except ValueError:
        pass
    found |= {unquote(part) for part in found}
    return {part for part in found if len(part) >= _SHORTEST_SECRET}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """A message that is sent on as a GET has not arrived."""


def _to_webhook(channel: Channel, url: str, message: Message) -> str:
    if not _is_web(url):
        return f"{channel.url_env} {_NO_WEB}"
    body = json.dumps(as_json(message), ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "productops",
               HEADER: message.message_id}  # fmt: skip
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310
    return _call(request, channel.timeout_seconds)


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://"))


def _call(request: urllib.request.Request, seconds: float) -> str:
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=seconds):
            return ""
    except urllib.error.HTTPError as error:
        with error:
            return f"HTTP {error.code}"
    except TimeoutError:
        return f"no answer within {seconds} seconds"
    except OSError as error:
        return f"no connection: {getattr(error, 'reason', error)}"


class _Heard(logging.Handler):
    """Collects what a library complains of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def _by_apprise(channel: Channel, url: str, message: Message) -> str:
    import apprise

    # It logs addresses at lower levels, and whoever collects logs would keep them.
    log = logging.getLogger("apprise")
    log.propagate = False
    log.setLevel(logging.WARNING)
    heard = _Heard()
    log.handlers = [heard]
    asset = apprise.AppriseAsset(app_id="productops", app_desc="productops", async_mode=False)
    plugin: Any = apprise.Apprise.instantiate(url, asset=asset)
    if not plugin:
        return f"{channel.url_env} holds no address that Apprise knows"
    plugin.socket_connect_timeout = plugin.socket_read_timeout = float(channel.timeout_seconds)
    # One message is one message, also where a service takes only short ones.
    plugin.overflow_mode = apprise.OverflowMode.TRUNCATE
    if isinstance(getattr(plugin, "headers", None), dict):
        plugin.headers[HEADER] = message.message_id
    if hasattr(plugin, "dedup"):
        # PagerDuty's word for: this is about the same incident as that.
        plugin.dedup = plugin.dedup or message.incident_id
    body, kind = _body(message, plugin.notify_format, apprise.NotifyFormat)
    title = plain(message.title) if kind != apprise.NotifyFormat.HTML else message.title
    everybody = apprise.Apprise(asset=asset)
    everybody.add(plugin)
    taken = everybody.notify(
        body=body, title=title, body_format=kind,
        notify_type=_gravity(message, apprise.NotifyType),
    )  # fmt: skip
    return "" if taken else " ".join(heard.lines) or "the message was not taken"


def _body(message: Message, formats: Any, known: Any) -> tuple[str, Any]:
    """The message in the form that a service shows best."""
    offered = formats if isinstance(formats, tuple) else (formats,)
    # Chats that know HTML know little of it.
    if known.MARKDOWN in offered:
        return as_markdown(message), known.MARKDOWN
    if known.HTML in offered:
        return as_html(message), known.HTML
    return as_chat(message), known.TEXT


def _gravity(message: Message, known: Any) -> Any:
    if message.kind == "recovered":
        return known.SUCCESS
    return {"critical": known.FAILURE, "warning": known.WARNING}.get(message.severity, known.INFO)
