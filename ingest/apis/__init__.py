"""The vendors whose APIs are pulled: one small module each, on the shared client and cursors.

Belongs here: what a vendor is asked, where its answers hold the records and the next page, and
the rules that are its own. Does not belong here: retries (`ingest.http`), walking
(`ingest.cursors`), fields of records (`ingest.formats`), landing (`ingest.pull`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module

import httpx2

from ingest.cursors import Walk
from ingest.http import Verdict, by_status

Classify = Callable[[httpx2.Response, datetime], Verdict]


@dataclass(frozen=True)
class Stream:
    """One kind of record of a vendor: the export that its pages are, and the way through them.

    None brings complete lists, of which what they lack is gone: a pull may end at any page.
    """

    format: str
    walk: Walk


@dataclass(frozen=True)
class Vendor:
    """How to be let in, what there is, and what the vendor's refusals mean.

    `streams` makes the streams from the options of `productops.yml`; `needs` are the options
    without which it can't.
    """

    headers: Callable[[str], dict[str, str]]
    streams: Callable[[Mapping[str, str]], dict[str, Stream]]
    needs: tuple[str, ...] = ()
    classify: Classify = by_status
    pace: float = 0.0


def load_vendor(name: str) -> Vendor:
    """The vendor of a name that the settings allow."""
    return import_module(f"ingest.apis.{name}").VENDOR


def expires(parameter: str) -> Classify:
    """Common rules, but a request with a place in it that is refused means: the place expired."""

    def classify(response: httpx2.Response, now: datetime) -> Verdict:
        verdict = by_status(response, now)
        is_place = parameter in response.request.url.params
        if verdict.kind == "refused" and is_place and response.status_code in {400, 404, 410, 422}:
            return Verdict("expired")
        return verdict

    return classify


def resets(header: str, otherwise: Classify = by_status) -> Classify:
    """Common rules, but a 429 says in a header at which second of the server's clock it ends."""

    def classify(response: httpx2.Response, now: datetime) -> Verdict:
        moment = response.headers.get(header, "")
        if response.status_code == 429 and moment.isdigit():
            return Verdict("again", max(0.0, int(moment) - now.timestamp()))
        return otherwise(response, now)

    return classify
