"""Personal data on its way into the lake: keyed hashes instead of e-mails.

Belongs here: what turns personal values into keys, as SQL macros, and the names of personal
columns. Does not belong here: which columns are personal (the contracts say so), what is replaced
in prose (`ingest.redaction`) and in events' properties (`ingest.properties`).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from ingest import html_text
from ingest.config import PrivacyRules
from ingest.redaction import redaction_macros
from ingest.values import MACROS as VALUE_MACROS

if TYPE_CHECKING:
    import duckdb

# Unknown columns with such names are reported but not kept: they may name a person. Names of
# things and counts of people name nobody.
_THINGS = (
    "workspace", "project", "product", "plan", "team", "group", "queue", "board", "sprint",
    "feature", "event", "page", "file", "field", "status", "category", "department",
)  # fmt: skip
PERSONAL_HEADER = re.compile(
    "".join(f"(?<!{thing}[ _.-])" for thing in _THINGS) + "name"
    r"|mail|phone|address|birth|(?:^|[ _.-])ip(?:$|[ _.-])|ipaddress|latitude|longitude"
    r"|requester|submitter|reporter"
    r"|creator|author(?!i)|owner|watch|caller|contact|(?:^|[ _.-])by$"
    r"|assign(?:ee(?! stations)|ed[ _.-]to)|employee(?!s|[ _.-]count)"
)

# Addresses inside other text; what stands in front of the @ is replaced, the domain stays.
EMAIL_INSIDE = r"[^\s\"'<>(),:;=/?&\\@]+(@|%40)([^\s\"'<>(),:;=/?&\\@]+\.[A-Za-z]{2,})"
EMAIL_MASK = r"***\1\2"

_BLOCK = 64

# HMAC-SHA256 (RFC 2104) of the trimmed lower-case address: the same as Python's hmac module.
# A vendor's id has no spaces: what has is the person's name.
_MACROS = """
create or replace macro email_clean(x) as trim(regexp_replace(lower(trim(x)), '^mailto:', ''));
create or replace macro is_email(x) as regexp_full_match(x, '[^@\\s]+@[^@\\s]+\\.[^@\\s.]+');
create or replace macro keyed_hash(x) as
    sha256(getvariable('hash_outer') || unhex(sha256(getvariable('hash_inner') || encode(x))));
create or replace macro email_key(x) as
    case when is_email(email_clean(x)) then keyed_hash(email_clean(x)) end;
create or replace macro email_of(x) as
    case when contains(x, '@') and is_email(email_clean(x)) then email_clean(x) end;
create or replace macro address_of(x) as email_of(x);
create or replace macro address_in_id(x, e) as case
    when is_email(e) then e
    when regexp_matches(x, '[^@\\s](@|%40)[^@\\s]+\\.') then lower(trim(x)) end;
create or replace macro person_id(x) as case
    when (contains(x, '@') or contains(x, '%40')) and not is_nested(x)
        then coalesce(keyed_hash(address_in_id(x, email_clean(replace(x, '%40', '@')))), x)
    else x end;
create or replace macro vendor_id(x) as
    case when contains(x, ' ') and not is_nested(x) then keyed_hash(lower(x)) else person_id(x) end;
"""


def _pads(hash_key: str) -> tuple[bytes, bytes]:
    key = hash_key.encode()
    key = hashlib.sha256(key).digest() if len(key) > _BLOCK else key
    key = key.ljust(_BLOCK, b"\0")
    return bytes(b ^ 0x36 for b in key), bytes(b ^ 0x5C for b in key)


def install(
    connection: duckdb.DuckDBPyConnection, hash_key: str, rules: PrivacyRules | None = None
) -> None:
    """Defines the macros for values, personal ones among them, and free text on a connection.

    The key travels as a bound value, so it stands in no SQL text and in no log.
    """
    rules = rules or PrivacyRules()
    inner, outer = _pads(hash_key)
    connection.execute("set variable hash_inner = $1::blob", [inner])
    connection.execute("set variable hash_outer = $1::blob", [outer])
    connection.execute(VALUE_MACROS + _MACROS)
    html_text.install(connection)
    patterns = [(pattern.kind, pattern.pattern) for pattern in rules.patterns]
    connection.execute(redaction_macros(patterns, rules.phone_cues))


def email_key(address: str, hash_key: str) -> str:
    """The keyed hash of one e-mail address, as the lake holds it (64 hex digits)."""
    cleaned = address.strip().lower().removeprefix("mailto:").strip()
    return keyed_hash(cleaned, hash_key)


def keyed_hash(text: str, hash_key: str) -> str:
    """HMAC-SHA256 of a text as it is, like the macro of that name."""
    return hmac.new(hash_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def mask_emails(text: str) -> str:
    """The text with the names in its e-mail addresses replaced."""
    return re.sub(EMAIL_INSIDE, EMAIL_MASK, text) if "@" in text or "%40" in text else text


def without_addresses(expression: str) -> str:
    """SQL that masks e-mails in JSON, or other text; most has none, and looking costs little."""
    inside, mask = EMAIL_INSIDE.replace("'", "''"), EMAIL_MASK
    return (
        f"case when contains({expression}, '@') or contains({expression}, '%40') "
        f"then regexp_replace({expression}, '{inside}', '{mask}', 'g') else {expression} end"
    )
