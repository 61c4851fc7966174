"""HubSpot: companies, deals and notes by search; archived companies and deals by list.

Belongs here: HubSpot's endpoints. Does not belong here: fields (`formats/hubspot_*.yml`).

A search gives no more than 10,000 results and skips records that are edited while its offsets are
counted up. So each stretch of `hs_lastmodifieddate` is walked by `hs_object_id`, always from the
first result on. Search knows no archived objects and no associations: a note's company is missing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx2

from ingest.apis import Stream, Vendor
from ingest.cursors import Ask, Place, Reply, Window
from ingest.http import Api, UnprovenError, Verdict, bearer, by_status, json_list

PER_PAGE = 200
_COMPANY = (
    "product_account_id,name,domain,hs_parent_company_id,plan_tier,lifecyclestage,arr,currency,"
    "seats,hs_timezone,hubspot_owner_id,industry,churn_date,createdate,hs_lastmodifieddate,"
    "hs_merged_object_ids"
)
_DEAL = (
    "dealname,dealstage,amount,deal_currency_code,hs_deal_stage_probability,hs_is_closed,"
    "hs_is_closed_won,hubspot_owner_id,closed_lost_reason,closedate,createdate,hs_lastmodifieddate,"
    "hs_primary_associated_company"
)
_NOTE = "hs_note_body,hs_timestamp,hs_createdate,hubspot_owner_id,hs_lastmodifieddate"


def _page(body: bytes, after: int) -> tuple[list[dict[str, Any]], bool]:
    """Objects of a page and whether it is the last; proves order and number."""
    document, found = json_list(body, "results")
    try:
        ids = [int(item["id"]) for item in found]
    except (KeyError, TypeError, ValueError) as error:
        raise UnprovenError("an object without a number as its id") from error
    if any(later < earlier for earlier, later in zip([after + 1, *ids], ids, strict=False)):
        raise UnprovenError("objects came in another order than asked for")
    is_last = len(found) < PER_PAGE
    if is_last and document.get("total", 0) > len(found):
        raise UnprovenError(f"{len(found)} objects came, {document['total']} were announced")
    return found, is_last


def _search(kind: str, properties: str) -> Ask:
    def ask(api: Api, place: Place) -> Reply:
        after = int(place.token or 0)
        stretch = [
            ("hs_lastmodifieddate", "GTE", _milliseconds(place.since)),
            ("hs_lastmodifieddate", "LT", _milliseconds(place.until)),
            ("hs_object_id", "GT", after),
        ]
        answer = api.ask(
            "POST", f"/crm/v3/objects/{kind}/search", lambda b: _page(b, after),
            document={
                "filterGroups": [{"filters": [
                    {"propertyName": name, "operator": operator, "value": str(value)}
                    for name, operator, value in stretch
                ]}],
                "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
                "properties": properties.split(","),
                "limit": PER_PAGE,
            },
        )  # fmt: skip
        found, is_last = answer.found
        return Reply(answer.body, found, None if is_last else found[-1]["id"])

    return ask


def _archived(kind: str, properties: str) -> Ask:
    """Every archived object each time: the list knows no times."""

    def ask(api: Api, place: Place) -> Reply:
        where = {"after": place.token} if place.token else {}
        answer = api.ask("GET", f"/crm/v3/objects/{kind}", lambda b: json_list(b, "results"),
                         params=where | {"archived": "true", "limit": 100,
                                         "properties": properties})  # fmt: skip
        document, found = answer.found
        following = (document.get("paging") or {}).get("next") or {}
        return Reply(answer.body, found, following.get("after"))

    return ask


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _classify(response: httpx2.Response, now: datetime) -> Verdict:
    """A day's quota that is used up does not come back by waiting."""
    if response.status_code == 429 and b'"DAILY"' in response.content:
        return Verdict("refused")
    return by_status(response, now)


VENDOR = Vendor(
    headers=bearer,
    streams=lambda options: {
        "companies": Stream("hubspot_companies", Window(_search("companies", _COMPANY))),
        "deals": Stream("hubspot_deals", Window(_search("deals", _DEAL))),
        "notes": Stream("hubspot_notes", Window(_search("notes", _NOTE))),
        "archived_companies": Stream("hubspot_companies", Window(_archived("companies", _COMPANY))),
        "archived_deals": Stream("hubspot_deals", Window(_archived("deals", _DEAL))),
    },
    classify=_classify,
)
