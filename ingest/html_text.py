"""HTML to plain text, as SQL that never raises.

Belongs here: markup and what stands for characters. Does not belong here: what is taken out of the
text because of whom it names (`ingest.redaction`), XML exports (`ingest.markup`).
"""

from __future__ import annotations

from html.entities import name2codepoint
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

# Most texts have no entity; of those that have, each is looked up once. `&amp;` comes last, since
# `&amp;lt;` is the text `&lt;`. A number that is no character stays as it is.
MACROS = r"""
create or replace macro html_character(x) as coalesce(case
    when starts_with(lower(x), '&#x') then try(chr(try_cast('0x' || x[4:-2] as integer)))
    when starts_with(x, '&#') then try(chr(try_cast(x[3:-2] as integer)))
    else getvariable('html_characters')[x] end, x);
create or replace macro without_entities(x) as case when contains(x, '&') then replace(list_reduce(
    list_prepend(x, list_filter(list_distinct(regexp_extract_all(
        x, '&(?:#[1-9][0-9]{0,6}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,9});')),
        lambda e: e <> '&amp;')),
    lambda text, e: replace(text, e, html_character(e))), '&amp;', '&') else x end;
create or replace macro plain_text(x) as nullif(trim(regexp_replace(replace(without_entities(
    regexp_replace(regexp_replace(regexp_replace(x,
        '(?is)<(?:script|style)[^>]*>.*?</(?:script|style)>|<!--.*?-->', '', 'g'),
        '(?i)<(br|/p|/div|/li|/h[1-6]|/tr)[^>]*>', chr(10), 'g'),
        '<[^>]*>', '', 'g')), chr(160), ' '),
    '[ \t]*\n[\s]*', chr(10), 'g'), chr(10) || chr(9) || ' '), '');
"""


def install(connection: duckdb.DuckDBPyConnection) -> None:
    """Defines the macros on a connection."""
    characters = {f"&{name};": chr(code) for name, code in name2codepoint.items()} | {"&apos;": "'"}
    connection.execute(
        "set variable html_characters = map($1::varchar[], $2::varchar[])",
        [list(characters), list(characters.values())],
    )
    connection.execute(MACROS)
