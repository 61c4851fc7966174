"""One client for every vendor's API: an answer is proven good, or the pull fails and says why.

Belongs here: asking, asking again, waiting, the server's clock, who is allowed to be asked. Does
not belong here: what is asked (`ingest.apis`), where the next page begins (`ingest.cursors`),
what becomes of a page (`ingest.pull`).
"""

from __future__ import annotations

import json
import random
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import httpx2

ATTEMPTS = 7
_LONGEST_REST = 60.0
_AGAIN = {408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524}
_FARTHEST_AHEAD = 7 * 86_400.0
_LOCAL = {"127.0.0.1", "localhost"}

Proven = TypeVar("Proven")


class PullError(Exception):
    """A stream can't go on; `reason` is a word, the message says what happened and what to do."""

    def __init__(self, reason: str, detail: str) -> None:
        """Keeps the reason apart from the sentence that explains it."""
        super().__init__(f"{detail} ({reason})")
        self.reason = reason


class ExpiredCursorError(PullError):
    """The vendor no longer knows the cursor; whoever pages begins again further back."""


class NothingThereError(Exception):
    """The vendor says that there is nothing, where that is an answer and no failure."""


class UnprovenError(Exception):
    """An answer with status 200 that is not what was asked for; it is asked for again."""


@dataclass(frozen=True)
class Verdict:
    """What an answer's status means; `wait` are the seconds that the server asks for."""

    kind: Literal["good", "again", "nothing", "denied", "expired", "refused"]
    wait: float | None = None


class Budget:
    """Seconds that one run may spend waiting for vendors, all of them together."""

    def __init__(self, seconds: float = 900.0) -> None:
        """Starts with all of them."""
        self.left = seconds

    def spend(self, seconds: float, why: str) -> None:
        """Takes seconds out; raises `PullError` where there are too few."""
        if seconds > self.left:
            raise PullError(
                "no_time_left",
                f"{why}; {seconds:.0f} s more would have to be waited, {self.left:.0f} s are left "
                "for this run. Run again later: it goes on where this one stopped",
            )
        self.left -= seconds


@dataclass(frozen=True)
class Answer:
    """A body that was proven good, what it was read as, and the next link of its header."""

    body: bytes
    found: Any
    next_link: str


def basic(credential: str) -> dict[str, str]:
    """Header for `user:secret`."""
    return {"Authorization": f"Basic {b64encode(credential.encode()).decode()}"}


def bearer(credential: str) -> dict[str, str]:
    """Header for a token."""
    return {"Authorization": f"Bearer {credential}"}


def seconds_until(told: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` asks for: a number, or a moment on the server's clock."""
    if not told:
        return None
    with suppress(ValueError):
        return max(0.0, float(told))
    with suppress(ValueError, TypeError):
        moment = parsedate_to_datetime(told)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())
    return None


def by_status(response: httpx2.Response, now: datetime) -> Verdict:
    """What a status means where the vendor keeps to the common rules."""
    status = response.status_code
    if status in {200, 201}:
        return Verdict("good")
    if status in _AGAIN:
        return Verdict("again", seconds_until(response.headers.get("retry-after"), now))
    return Verdict("denied" if status in {401, 403} else "refused")


def json_list(
    body: bytes, path: str, *, optional: bool = False
) -> tuple[Any, list[dict[str, Any]]]:
    """The document and the list of objects at a path in it (`""`: the document itself).

    Raises:
        UnprovenError: If the body is cut off, no JSON, or holds no such list.
    """
    if body.lstrip()[:1] == b"<":
        raise UnprovenError("a web page came instead of data")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnprovenError(f"the JSON is cut off or broken ({error})") from error
    found = document
    for step in path.split(".") if path else []:
        found = found.get(step) if isinstance(found, dict) else None
    if found is None and optional and isinstance(document, dict) and path not in document:
        return document, []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        kind = "null" if found is None else type(found).__name__
        raise UnprovenError(f"a list was expected at {path or 'the top'}, {kind} came")
    return document, found


class Api:
    """A vendor's API with its credential, which never shows."""

    def __init__(
        self, base_url: str, headers: Mapping[str, str], *, budget: Budget | None = None,
        classify: Callable[[httpx2.Response, datetime], Verdict] = by_status, pace: float = 0.0,
        sleep: Callable[[float], object] = time.sleep, timeout: float = 60.0,
    ) -> None:  # fmt: skip
        """Opens nothing yet.

        Args:
            base_url: Where the API is; nothing else is ever asked.
            headers: The credential's header and others that the vendor wants.
            budget: Seconds that may be waited.
            classify: Reads an answer's status where the vendor has rules of its own.
            pace: Least number of seconds between two requests.
            sleep: Waits; tests put something quicker here.
            timeout: Seconds without a byte after which a connection is given up.
        """
        self.base_url = base_url.rstrip("/")
        self.budget = budget or Budget()
        self._headers = dict(headers)
        self._classify = classify
        self._pace = pace
        self._sleep = sleep
        self._last_at: float | None = None
        self._skew: float | None = None
        # For this very machine no proxy of the environment is asked and no certificate is read.
        local = urlsplit(base_url).hostname in _LOCAL
        self._client = httpx2.Client(
            timeout=timeout, follow_redirects=False, trust_env=not local, verify=not local,
            headers={"Accept-Encoding": "gzip, identity", "User-Agent": "productops"},
        )  # fmt: skip

    def __repr__(self) -> str:
        """Shows where the API is; the headers hold a secret."""
        return f"Api({self.base_url})"

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def server_now(self) -> datetime:
        """The present by the server's clock, as far as its answers told it."""
        if self._skew is None:
            self._skew = 0.0
            # Any answer bears the date, also one that refuses; so no credential is sent.
            with suppress(httpx2.HTTPError):
                self._note_clock(self._client.get(f"{self.base_url}/"))
        return datetime.fromtimestamp(time.time() + self._skew, UTC)

    def ask(
        self, method: str, path: str, prove: Callable[[bytes], Proven], *,
        params: Mapping[str, Any] | None = None, document: Any = None,
    ) -> Answer:  # fmt: skip
        """Asks until an answer is proven good.

        Args:
            method: GET or POST.
            path: Path below the base URL.
            prove: Reads a body; raises `UnprovenError` where it is not what was asked for.
            params: Query of the URL.
            document: Body of a POST.

        Raises:
            NothingThereError: If that is what the vendor says.
            PullError: If the vendor refuses, or no good answer came within the run's patience.
        """
        why = ""
        for attempt in range(ATTEMPTS):
            wait = None
            try:
                response = self._once(method, path, params, document)
                verdict = self._classify(response, self.server_now())
                if verdict.kind == "nothing":
                    raise NothingThereError(path)
                if verdict.kind == "good":
                    found = prove(response.content)
                    following = response.links.get("next", {}).get("url", "")
                    return Answer(response.content, found, following)
                why, wait = f"{path}: status {response.status_code}", verdict.wait
                self._raise_if_final(verdict, response.status_code, path)
            except UnprovenError as error:
                why = f"{path}: {error}"
            except httpx2.LocalProtocolError as error:
                # Its words hold what was sent, the credential too.
                why = f"{path}: {type(error).__name__}"
            except httpx2.TransportError as error:
                why = f"{path}: {type(error).__name__}: {error}"
            except httpx2.DecodingError as error:
                why = f"{path}: the compressed body is damaged: {error}"
            if attempt < ATTEMPTS - 1:
                self.rest(attempt, why, wait)
        raise PullError("no_good_answer", f"{why}; asked {ATTEMPTS} times. Run again later")

    def rest(self, attempt: int, why: str, wait: float | None = None) -> None:
        """Waits before asking again, as long as the server asks for, else longer each time."""
        if wait is None:
            wait = min(_LONGEST_REST, 2.0**attempt) * random.uniform(0.5, 1.0)  # noqa: S311
        else:
            wait += random.uniform(0.0, 1.0)  # noqa: S311
        self.budget.spend(wait, why)
        self._sleep(wait)

    def _once(
        self, method: str, path: str, params: Mapping[str, Any] | None, document: Any
    ) -> httpx2.Response:
        if not path.startswith("/") or path.startswith("//"):
            raise PullError("other_host", f"{path}: only paths below {self.base_url} are asked for")
        if not all(value.isascii() and value.isprintable() for value in self._headers.values()):
            raise PullError(
                "bad_credential",
                "the credential holds a line break or another character that no header can take. "
                "Set its variable again, with nothing but the credential",
            )
        if self._pace and self._last_at is not None:
            pause = self._pace - (time.monotonic() - self._last_at)
            if pause > 0:
                self._sleep(pause)
        self._last_at = time.monotonic()
        response = self._client.request(
            method, f"{self.base_url}{path}", params=params, headers=self._headers, json=document
        )
        self._note_clock(response)
        return response

    def _note_clock(self, response: httpx2.Response) -> None:
        with suppress(KeyError, ValueError, TypeError):
            said = parsedate_to_datetime(response.headers["date"])
            # Whoever believed a date far ahead would pass over all that comes until then.
            if (skew := said.timestamp() - time.time()) < _FARTHEST_AHEAD:
                self._skew = skew

    def _raise_if_final(self, verdict: Verdict, status: int, path: str) -> None:
        if verdict.kind == "denied":
            raise PullError(
                "denied", f"{path}: status {status}. See to the credential and its rights"
            )
        if verdict.kind == "expired":
            raise ExpiredCursorError("expired_cursor", f"{path}: the cursor is no longer known")
        if verdict.kind == "refused":
            moved = " (redirects are not followed)" if 300 <= status < 400 else ""
            raise PullError(
                "refused",
                f"{path}: status {status}{moved}. See to `base_url`, `streams` and `options`",
            )
