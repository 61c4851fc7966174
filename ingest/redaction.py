"""Free text without addresses, telephone numbers, cards and keys: patterns as SQL macros.

Belongs here: what is replaced in prose, and by what. Does not belong here: which columns hold prose
(the contracts say so: `free_text`), names and ids of people (`ingest.privacy`).

Patterns are RE2, which knows no look-around: what a pattern can't say (a check digit, a date that
is no telephone number) is asked of each candidate that it finds. Names of people are not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ingest.values import quote

# Kinds of what is found; the placeholder is the kind in brackets.
KINDS = ("email", "phone", "card", "iban", "token")

_NOT_LOCAL = r"""\s"'<>(),:;=/?&\\@*\[\]|"""
_DOMAIN = r"(?:[\pL\pN_-]+\.)+(?:xn--[a-zA-Z0-9-]+|\pL{2,})"
_EMAIL = (
    rf"[^{_NOT_LOCAL}]+(?:@|%40)(?i:{_DOMAIN})"
    rf"|(?i:[\w.+-]+ ?[\[({{] ?at ?[\])}}] ?[\w-]+(?: ?(?:\.|[\[({{] ?dot ?[\])}}]) ?[\w-]+)+)"
)
# Every address holds one of these.
_ADDRESS_MARK = r"@|%40|(?i:at ?[\])}])"
_MAY_NAME = re.compile(_ADDRESS_MARK)

# Tokens that their form tells, without a quote in them: they are taken out of JSON too.
_FORMS = (
    r"\b(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{16}\b",
    r"\bgh[pousr]_[A-Za-z0-9]{30,}",
    r"\bgithub_pat_[A-Za-z0-9_]{22,}",
    r"\bglpat-[A-Za-z0-9_-]{18,}",
    r"\bx(?:ox[a-z]|app)-[A-Za-z0-9-]{10,}",
    r"\b(?:npm|hf)_[A-Za-z0-9]{30,}",
    r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    r"\bwhsec_[A-Za-z0-9+/]{20,}=*",
    r"\bshp[a-z]{2}_[0-9a-fA-F]{32}",
    r"\bya29\.[A-Za-z0-9_-]{20,}",
    r"https://hooks\.slack\.com/[A-Za-z0-9/_-]+",
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
    # With a digit: `pk_account_subscription` is the name of a column.
    r"\b[spr]k[-_][A-Za-z_-]*[0-9][A-Za-z0-9_-]{10,}",
    r"\bAIza[A-Za-z0-9_-]{35}",
    r"(?i:\bbearer[ :]+[A-Za-z0-9._~+/-]{16,}=*)",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[^\"]*?-----END [A-Z ]*PRIVATE KEY-----",
)
# Of a URL's query.
_IN_QUERY = r"(?i:\b(?:\w+[_-])?(?:token|secret|password|passwd|pwd|api[_-]?key)=[^\s\"'&,;\\]{6,})"
TOKEN_FORMS = "|".join((*_FORMS, _IN_QUERY))
_TOKENS = (
    *_FORMS,
    r"(?i:\bauthorization[\"']?\s?[=:]\s?[\"']?basic +[A-Za-z0-9+/]{8,}=*)",
    # A value named as a secret, if it holds a digit: `password: normal` is none.
    r"(?i:\b(?:\w+[_-])?(?:(?:api|access|account|private)[ _-]?key|secret|token|passwd|password|pwd"
    r"|passwort|kennwort|contraseña|mot de passe)[\"']?\s?[=:]\s?[\"']?"
    r"(?:[^\s\"'<>,;0-9]{5,}[0-9]|[^\s\"'<>,;0-9]*[0-9][^\s\"'<>,;]{5})[^\s\"'<>,;]*)",
)

_GAP = r"[ \x{a0}().\x{2010}-\x{2013}/-]{0,3}"
_LONG_NUMBER = rf"[0-9](?:{_GAP}[0-9]){{6}}"
_IBAN = r"\b[A-Za-z]{2}[0-9]{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,4})?\b"
_SPACE = r"[ \x{a0}-]"
_CARD = (
    r"\b((?:3[0-9]|4[0-9]|5[0-9]|6[0-9]|2[2-7])[0-9]{2}"
    rf"(?:[0-9]{{9,15}}|{_SPACE}[0-9]{{6}}{_SPACE}[0-9]{{4,5}}"
    rf"|(?:{_SPACE}[0-9]{{4}}){{3}}(?:{_SPACE}[0-9]{{1,3}})?))\b"
)
_CUES = (
    "phone", "telephone", "tel", "mobile", "mob", "cell", "cellphone", "fax", "call", "dial",
    "ring", "sms", "text", "whatsapp", "signal", "hotline", "helpline", "toll[ -]free", "ph",
    "telefon", "telefonnummer", "handy", "handynummer", "mobil", "mobilnummer", "rufnummer",
    "durchwahl", "anrufen", "rückruf", "téléphone", "tél", "portable", "appelez", "teléfono",
    "móvil", "celular", "llame", "telefono", "cellulare", "telefone", "telemóvel", "telefoon",
    "mobiel", "bel", "chiama(?:re|te|to)?", "chiami",
)  # fmt: skip
_LINKS = (
    "number", "numbers", "no", "nr", "num", "me", "us", "him", "her", "them", "at", "on", "is",
    "are", "back", "under", "via", "to", "unter", "nummer", "ist", "au", "al", "es", "my", "our",
    "il", "numero", "número", "numéro", "den", "die", "le",
)  # fmt: skip
# A day or an internet address after a cue.
_NO_PHONE = r"^[0-9]{4}[-./][01]?[0-9][-./][0-3]?[0-9]([^0-9]|$)|^[0-9]{1,3}([.][0-9]{1,3}){3}$"
_FOREIGN_NUMBER = (
    rf"\+[1-9](?:{_GAP}[0-9]){{6,14}}"
    rf"|00[1-9][0-9]{{0,2}}[ ().\x{{a0}}/-]{{1,2}}[0-9](?:{_GAP}[0-9]){{5,11}}"
)
_AMERICAN_NUMBER = (
    r"(?:1[-. ])?(?:\([2-9][0-9]{2}\)[ -]?|[2-9][0-9]{2}[-. ])[2-9][0-9]{2}[-. ][0-9]{4}"
)
_FOREIGN = rf"(?:^|[^0-9A-Za-z+])({_FOREIGN_NUMBER})(?:[^0-9]|$)"
_AMERICAN = rf"(?:^|[^0-9A-Za-z.-])({_AMERICAN_NUMBER})(?:[^0-9A-Za-z-]|$)"
# Telephone numbers that their form tells from any number of JSON; the group stands before them.
PHONE_FORMS = rf"(^|[^0-9A-Za-z.+-])(?:{_FOREIGN_NUMBER}|{_AMERICAN_NUMBER})\b"
# What may be a card or an IBAN in a text of JSON. Fewer digits than fifteen are an order's as often
# as not, and without a quote or a word beside them they are a number of JSON.
_CARD_DIGITS = "[2-6][0-9]{14,15}"
CHECKED_FORMS = "|".join((
    rf'(?:"|[A-Za-z] ){_CARD_DIGITS}\b', rf'\b{_CARD_DIGITS}"',
    rf"\b[2-6][0-9]{{3}}(?:{_SPACE}[0-9]{{6}}{_SPACE}[0-9]{{4,5}}|(?:{_SPACE}[0-9]{{4}}){{3}})\b",
    r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){3,7}",
))  # fmt: skip


def _after_cue(more: Iterable[str]) -> str:
    """A number after one of the words, in lower-case text."""
    escaped = [_escape(cue.lower()) for cue in more]
    cues, links = "|".join([*escaped, *_CUES]), "|".join(_LINKS)
    return (
        rf"(?:^|[^a-z0-9])(?:{cues})[^a-z0-9+(]{{1,4}}(?:(?:{links})[^a-z0-9+(]{{1,3}}){{0,3}}"
        rf"([+(]?[0-9](?:{_GAP}[0-9]){{6,14}})(?:[^0-9]|$)"
    )


def _escape(words: str) -> str:
    return "".join(c if c.isalnum() or c == " " else f"\\{c}" for c in words)


_MACROS = r"""
create or replace macro luhn_valid(d) as list_sum(list_transform(
    range(1, length(d) + 1),
    lambda i: case when i % 2 = 1 then ascii(d[-i]) - 48
         else [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][ascii(d[-i]) - 47] end)) % 10 = 0;
create or replace macro iban_valid(c) as list_reduce(
    list_transform(string_split(upper(c[5:] || c[:4]), ''), lambda k:
        case when k between '0' and '9' then ascii(k) - 48 else ascii(k) - 55 end),
    lambda total, v: (case when v > 9 then total * 100 + v else total * 10 + v end) % 97, 0) = 1;
create or replace macro digits_of(x) as regexp_replace(x, '[^0-9]', '', 'g');
create or replace macro without_found(x, found, word) as
    list_reduce(found, lambda left_over, f: replace(left_over, f, word), x);
create or replace macro ibans_in(x) as case when regexp_matches(x, {iban}) then list_filter(
    flatten(list_transform(regexp_extract_all(x, {iban}),
        lambda c: [c, regexp_replace(c, ' ?[A-Za-z0-9]{{1,4}}$', '')])),
    lambda c: iban_valid(replace(c, ' ', ''))) else [] end;
create or replace macro cards_in(x) as case when regexp_matches(x, {card}) then list_filter(
    regexp_extract_all(x, {card}, 1),
    lambda c: length(digits_of(c)) between 13 and 19 and luhn_valid(digits_of(c))
        and not regexp_full_match(x, '[0-9]{{1,14}}')) else [] end;
create or replace macro phones_in(x) as case when regexp_matches(x, {number}) then list_filter(
    regexp_extract_all(x, {foreign}, 1) || regexp_extract_all(x, {american}, 1)
        || regexp_extract_all(lower(x), {cued}, 1),
    lambda c: length(digits_of(c)) between 7 and 15 and not regexp_matches(c, {no_phone}))
    else [] end;
create or replace macro without_checked(x) as
    without_found(without_found(x, ibans_in(x), '[iban]'), cards_in(x), '[card]');
create or replace macro without_tokens(x) as regexp_replace(x, {token}, '[token]', 'g');
create or replace macro without_numbers(x, rest) as case when regexp_matches(x, {any}) then
    without_found(without_found(without_found(
        rest, ibans_in(x), '[iban]'), cards_in(x), '[card]'), phones_in(x), '[phone]') else x end;
create or replace macro redact_unaddressed(x) as {unaddressed};
create or replace macro redact(x) as {all};
"""


def macro_for(texts: Iterable[str]) -> str:
    """Name of the macro that redacts these texts.

    To make ready for e-mail addresses takes longer than for all else together.
    """
    return "redact" if any(map(_MAY_NAME.search, texts)) else "redact_unaddressed"


def redaction_macros(
    patterns: Iterable[tuple[str, str]] = (), phone_cues: Iterable[str] = ()
) -> str:
    """SQL that defines the macro `redact(text)`.

    Args:
        patterns: A company's own kinds and patterns, replaced after those that are known.
        phone_cues: Words before a telephone number, beside those that are known.
    """
    numbers = "without_numbers(x, without_tokens(x))"
    addresses = f"regexp_replace(without_tokens(x), {quote(_EMAIL)}, '[email]', 'g')"
    every = f"without_numbers(x, {addresses})"
    for kind, pattern in patterns:
        own = f"{quote(pattern)}, {quote(f'[{kind}]')}, 'g'"
        numbers, every = f"regexp_replace({numbers}, {own})", f"regexp_replace({every}, {own})"
    token = "|".join(_TOKENS)
    return _MACROS.format(
        iban=quote(_IBAN),
        card=quote(_CARD),
        number=quote(_LONG_NUMBER),
        foreign=quote(_FOREIGN),
        american=quote(_AMERICAN),
        cued=quote(_after_cue(phone_cues)),
        no_phone=quote(_NO_PHONE),
        token=quote(token),
        any=quote(f"{_ADDRESS_MARK}|{_LONG_NUMBER}|{token}|{_IBAN}"),
        unaddressed=numbers,
        all=every,
    )
