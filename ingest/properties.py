"""What events say of a person in their properties and traits, taken out before they are landed.

Belongs here: names of properties that name a person, and where in JSON what is found by its form
may stand, as SQL. Does not belong here: addresses in other columns (`ingest.privacy`), prose and
the forms themselves (`ingest.redaction`).

Every event goes through here, and most hold nothing: one look at the whole text tells, and what
is done then costs the others nothing. Numbers in texts are looked at, JSON's own numbers are not:
those of orders look like cards.
"""

from __future__ import annotations

from ingest.privacy import EMAIL_INSIDE, EMAIL_MASK
from ingest.redaction import CHECKED_FORMS, PHONE_FORMS, TOKEN_FORMS
from ingest.values import quote

# They name a person at the top; further down `name` is as often the name of a thing.
_NAMES = (
    "email", "emailAddress", "email_address", "phone", "phoneNumber", "name", "Name", "firstName",
    "first_name", "lastName", "last_name", "username", "address", "birthday", "avatar", "ip",
)  # fmt: skip
_OF_WHOM = (
    "first|last|middle|full|display|given|family|sur|nick|user|real|legal|contact|customer|"
    "recipient|sender|owner|author|assignee|invitee|member|person"
)
# They name one wherever they stand, in any case, with `$`, `_`, `-` or spaces.
_KEYS = (
    rf"(?:{_OF_WHOM})[ _.-]?name", r"\$name",
    r"e[ _-]?mail(?:[ _-]?address)?", r"(?:tele)?phone(?:[ _-]?(?:number|no))?",
    r"(?:mobile|cell|fax)(?:[ _-]?(?:phone|number|no))*",
    r"(?:(?:street|home|billing|shipping|postal)[ _-]?)?address(?:[ _-]?line)?[ _-]?[0-9]?",
    r"birth[ _-]?(?:day|date)", r"date[ _-]?of[ _-]?birth", r"dob", r"avatar(?:[ _-]?url)?",
    r"(?:(?:initial|client|remote|user|source)[ _-]?)?ip(?:[ _-]?addr(?:ess)?)?",
    r"(?:initial_)?(?:geoip_)?(?:latitude|longitude)",
)  # fmt: skip
_KEY = rf'"[$_ ]*(?:{"|".join(_KEYS)})[_ ]*"\s*:'
_TEXT = r'"(?:[^"\\]|\\.)*"'


def _nested(depth: int) -> str:
    """Whole strings, lists and objects, and what stands between them; RE2 can't count further."""
    inner = rf"|[\[{{]{_nested(depth - 1)}[\]}}]" if depth else ""
    return rf'(?:[^{{}}\[\]"]|{_TEXT}{inner})*'


_INSIDE = _nested(8)
# No `true` and no `false`: `mobile: true` tells of a device.
_VALUE = rf"(?:{_TEXT}|-?[0-9][0-9.eE+-]*|null|[\[{{]{_INSIDE}[\]}}])"
_PAIR = rf"(?i),?\s*{_KEY}\s*{_VALUE}\s*"
# Objects, or lists of them, that are somebody; there `name` is theirs.
_WHO = (
    r'(?i:"\$?(?:set|set_once|traits|people|(?:user|person|customer|profile|owner|author|contact|'
    r'member|invitee|sender|recipient)s?)"\s*:)'
)
_SOMEBODY = rf'({_WHO}\s*(?:\[{_INSIDE}?)?\{{{_INSIDE}?(?i:"name")\s*:\s*)' + _TEXT
# One pass takes one name out of each of them; where there may be more, there are as many passes as
# names, up to a number.
_NAMED = r'(?i:"name"\s*:\s*")'
_MANY = (rf"{_WHO}\s*\[|(?s:{_WHO}.*{_WHO})", rf"(?s:{_NAMED}.*{_NAMED})")
_MOST = 100
_TOP = rf'"(?:{"|".join(_NAMES)})"'
_ANY = rf'(?i:"[$_ ]*(?:{"|".join(_KEYS)}|name)[_ ]*"\s*:)'
_HOLDS = f"{_ANY}|@|%40|{TOKEN_FORMS}|{PHONE_FORMS}|{CHECKED_FORMS}"
# No JSON holds a form feed: after each escape it keeps the `n` of `\nada@x.test` out of the word.
_ESCAPE = r"(\\(?:u[0-9a-fA-F]{4}|[^u]))"


def _spaced(json: str) -> str:
    return f"regexp_replace({json}, {quote(_ESCAPE)}, '\\1' || chr(12), 'g')"


def holding(expression: str) -> str:
    """SQL: JSON that may hold something personal, without what names a person at its top.

    It is NULL where there is nothing to do; each escape is followed by a form feed.
    """
    patch = "{" + ",".join(f'"{name}":null' for name in _NAMES) + "}"
    is_named = f"regexp_matches({expression}, {quote(_TOP)}) and json_valid({expression})"
    top = f"cast(json_merge_patch({expression}, '{patch}') as varchar)"
    top = f"case when prefix({expression}, '{{') and {is_named} then {top} else {expression} end"
    escaped = f"contains({expression}, '\\')"
    read = f"case when {escaped} then {_spaced(expression)} else {expression} end"
    return f"case when regexp_matches({read}, {quote(_HOLDS)}) then {_spaced(top)} end"


def _nameless(json: str) -> str:
    return f"regexp_replace({json}, {quote(_SOMEBODY)}, '\\1null', 'g')"


def without_personal(held: str) -> str:
    """SQL that takes the rest out of what `holding` gave, the name of a column."""
    # Patterns in functions of lists are made ready again and again, were it for one row.
    many = " and ".join(f"regexp_matches({held}, {quote(pattern)})" for pattern in _MANY)
    names = f"regexp_extract_all({held}, {quote(_NAMED)})[:{_MOST}]"
    each = f"list_reduce({names}, lambda j, n: {_nameless('j')}, {held})"
    clean = f"case when {many} then {each} else {_nameless(held)} end"
    forms = quote(CHECKED_FORMS)
    texts = f"regexp_extract_all({held}, {quote(_TEXT)})"
    texts = f"list_filter({texts}, lambda t: regexp_matches(t, {forms}))"
    each = f"list_reduce({texts}, lambda j, t: replace(j, t, without_checked(t)), {clean})"
    clean = f"case when regexp_matches({held}, {forms}) then {each} else {clean} end"
    clean = f"regexp_replace({clean}, {quote(PHONE_FORMS)}, '\\1[phone]', 'g')"
    # No JSON holds this character: where the first pairs of an object were, a comma is too many.
    clean = f"regexp_replace({clean}, {quote(_PAIR)}, chr(1), 'g')"
    clean = f"replace(regexp_replace({clean}, '\\{{\\x01+,?', '{{', 'g'), chr(1), '')"
    clean = f"regexp_replace({clean}, {quote(TOKEN_FORMS)}, '[token]', 'g')"
    clean = f"regexp_replace({clean}, {quote(EMAIL_INSIDE)}, '{EMAIL_MASK}', 'g')"
    return f"replace({clean}, chr(12), '')"
