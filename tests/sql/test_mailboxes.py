"""Several mailboxes of one person, by a vendor's word, and the users that have them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from .conftest import NO_CHECKS
from .fixture_lake import FixtureLake, Warehouse

MAY = dt.datetime(2026, 5, 1)
JUNE = dt.datetime(2026, 6, 1)


def use(number: int, user: str, email: str) -> dict:
    return {
        "event_id": f"e{number}", "event_name": "identify", "event_type": "identify",
        "user_id": user, "email_key": email, "email_domain": "corp.test",
        "occurred_at": MAY, "received_at": MAY, "is_clock_skewed": False,
    }  # fmt: skip


def contact(ref: str, email: str, *others: str) -> list[dict]:
    """A contact with its first address, and a row for each further one."""
    rows = {ref: "contact"} | dict.fromkeys(others, "mailbox")
    return [
        {"identity_ref": one, "role": role, "email_key": email, "email_domain": "corp.test",
         "updated_at": MAY}
        for one, role in rows.items()
    ]  # fmt: skip


def test_mailboxes_of_one_contact_are_one_person(
    lake: FixtureLake, make_warehouse: Callable[..., Warehouse]
) -> None:
    lake.add("usage_events", [
        use(1, "u1", "k-a"), use(2, "u2", "k-b"), use(3, "u3", "k-f"), use(4, "u4", "k-z"),
        use(5, "u5", "k-x"), use(6, "u6", "k-y"), use(7, "u7", "k-w"),
    ])  # fmt: skip
    lake.add("identities", [
        *contact("101", "k-a", "k-b"), *contact("102", "k-c", "k-d"),
        *contact("103", "k-e", "k-f", "k-g"), *contact("104", "k-z"),
        *contact("105", "k-x", "k-y", "k-w"),
    ], source="crm", delivered_on="2026-07-02")  # fmt: skip
    # By now k-y is no longer the contact's.
    newer = [one | {"updated_at": JUNE} for one in contact("105", "k-x", "k-w")]
    lake.add("identities", newer, source="crm", delivered_on="2026-07-02")
    warehouse = make_warehouse(lake)
    select = ["+bridge_identity", "+identity_change__event"]
    warehouse.run("build", select=select, exclude=NO_CHECKS)
    found = warehouse.query("select alias, person_id from core.bridge_identity")
    assert dict(found) == {
        # Two users of one contact; nobody ever used the product as 102; two mailboxes that no
        # user has, of a contact whose third one has one.
        "u1": "u1", "u2": "u1", "k-a": "u1", "k-b": "u1", "crm:101": "u1",
        "k-c": "email:k-c", "k-d": "email:k-c", "crm:102": "email:k-c",
        "u3": "u3", "k-e": "u3", "k-f": "u3", "k-g": "u3", "crm:103": "u3",
        "u4": "u4", "k-z": "u4", "crm:104": "u4",
        "u5": "u5", "k-x": "u5", "k-w": "u5", "u7": "u5", "crm:105": "u5", "u6": "u6", "k-y": "u6",
    }  # fmt: skip
    # It was not known before the CRM was delivered, two days after the events.
    moves = warehouse.query(
        "select alias, old_person_id, new_person_id, evidence, cast(changed_on as varchar) "
        "from marts.identity_change__event order by alias"
    )
    pairs = ("u2", "u1"), ("u7", "u5")
    expected = [(old, old, new, "shared mailbox", "2026-07-02") for old, new in pairs]
    assert moves == expected
