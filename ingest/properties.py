"""What events say of a person in their properties and traits, taken out before they are landed.

Belongs here: names of properties that name a person, as SQL. Does not belong here: e-mail addresses
inside other values (`ingest.privacy`), prose (`ingest.redaction`).

Every event goes through here, and most hold nothing: what tells that costs little. Tokens are
looked for where there is a query or a JWT; telephone numbers and cards inside other values stay,
since numbers of orders look like them.
"""

from __future__ import annotations

from ingest.redaction import TOKEN_FORMS
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
    r"(?:initial_)?ip(?:[ _-]?address)?", r"(?:initial_)?(?:geoip_)?(?:latitude|longitude)",
)  # fmt: skip
_KEY = rf'"[$_ ]*(?:{"|".join(_KEYS)})[_ ]*"\s*:'
_TEXT = r'"(?:[^"\\]|\\.)*"'
_FLAT = rf'(?:[^{{}}\[\]"]|{_TEXT})*'
# No `true` and no `false`: `mobile: true` tells of a device.
_VALUE = rf"(?:{_TEXT}|-?[0-9][0-9.eE+-]*|null|\{{{_FLAT}\}}|\[{_FLAT}\])"
_PAIR = rf"(?i),?\s*{_KEY}\s*{_VALUE}\s*"
# Objects that are somebody; there `name` is theirs.
_SOMEBODY = (
    r'(?i)("\$?(?:set|set_once|user|person|customer|traits|profile|owner|author|contact|member|'
    r'invitee|sender|recipient)"\s*:\s*\{[^{}]*?"name"\s*:\s*)' + _TEXT
)
_TOP = rf'"(?:{"|".join(_NAMES)})"'
_ANY = rf'(?i:"[$_ ]*(?:{"|".join(_KEYS)}|name)[_ ]*"\s*:)'


def without_names(expression: str) -> str:
    """SQL that takes personal properties, and tokens, out of a JSON object."""
    patch = "{" + ",".join(f'"{name}":null' for name in _NAMES) + "}"
    top = f"cast(json_merge_patch({expression}, '{patch}') as varchar)"
    top = (
        f"case when regexp_matches({expression}, {quote(_TOP)}) and json_valid({expression}) "
        f"then {top} else {expression} end"
    )
    # No JSON holds this character: where the first pairs of an object were, a comma is too many.
    below = f"regexp_replace({top}, {quote(_PAIR)}, chr(1), 'g')"
    below = f"replace(regexp_replace({below}, '\\{{\\x01+,?', '{{', 'g'), chr(1), '')"
    below = f"regexp_replace({below}, {quote(_SOMEBODY)}, '\\1null', 'g')"
    clean = f"regexp_replace({below}, {quote(TOKEN_FORMS)}, '[token]', 'g')"
    holds = (
        f"regexp_matches({expression}, {quote(_ANY)}) or contains({expression}, '=') "
        f"or contains({expression}, 'eyJ')"
    )
    return f"case when prefix({expression}, '{{') and ({holds}) then {clean} else {expression} end"
