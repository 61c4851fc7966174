"""Text of a vendor to typed values, as SQL that never raises.

Belongs here: how times, numbers, money and words are read. Does not belong here: where they stand
in a record (see `ingest.mapping`).
"""

from __future__ import annotations

import re

from ingest.fields import Field, is_pattern

# ISO 4217 currencies without a minor unit, and with one of a thousandth. The macro
# `currency_digits` of the models says the same: a test compares them.
NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_YES = "true|t|yes|y|1|active|enabled"
_NO = "false|f|no|n|0|inactive|disabled"
# End of a time that says its distance from UTC.
_OFFSET = r":[0-9]{2}(\.[0-9]+)? ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
# Amounts as much of Europe writes them: 1.234,56
_DECIMAL_COMMA = r"^[(-]?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+),[0-9]{1,2}[)]?$"

# Short in the statements that use them: a statement is parsed anew for each file.
# - Most text has no spaces around it; looking at both ends first takes a tenth of the time that
#   `trim` does. Text that is empty or begins with a space sorts before '!'.
# - Text of a JSON object or list begins so. Ids in braces ({6F96-…}) and words such as
#   "[Amplitude] Page Viewed" are none.
# - DuckDB's TIMESTAMP drops an offset in silence, so only text that ends in Z is read as one.
#   "10:00:00 +0000" is a time to its vendors and none to DuckDB.
# - 5/1/26 would be a day of the year 5. Clocks of events can do without the look at four digits,
#   which costs more than that at one: such an event is older than any product.
MACROS = r"""
create or replace macro trimmed(x) as
    case when x < '!' or suffix(x, ' ') then nullif(trim(x), '') else x end;
create or replace macro begins_with_digit(x) as x between '0' and ':';
create or replace macro begins_with_year(x) as regexp_matches(x, '^[1-9][0-9]{3}[^0-9]');
create or replace macro iso_time(x) as regexp_replace(
    regexp_replace(x, ' ?(UTC|GMT|Z)$', 'Z'), ' ([+-][0-9]{2}:?[0-9]{2})$', '\1');
create or replace macro is_nested(x) as x >= '[' and (x < '\' or x >= '{') and
    (x between '["' and '[#' or x between '[{' and '[|' or x between '{"' and '{#');
create or replace macro utc_time(x) as case
    when not begins_with_year(x) then NULL
    when suffix(x, 'Z') then try_cast(x as timestamp)
    else cast(try_cast(iso_time(x) as timestamptz) as timestamp) end;
create or replace macro any_time(x) as
    case when begins_with_digit(x) then cast(try_cast(iso_time(x) as timestamptz) as timestamp) end;
create or replace macro clock_time(x) as case
    when begins_with_digit(x) and suffix(x, 'Z') then try_cast(x as timestamp)
    else any_time(trim(x)) end;
"""


def quote(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def name(identifier: str) -> str:
    """A quoted SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def word(key: str, text: str) -> str:
    """What a text in lower case is compared with: a word, or itself where it fits a pattern."""
    if is_pattern(key):
        return f"case when regexp_full_match({text}, {quote(key[1:-1])}) then lower({text}) end"
    return quote(key.lower())


def row_key_sql(key: str) -> str:
    """SQL for the 64 bits that stand for a key: `md5_number_lower` in a fifth of its time."""
    return f"cast(md5_number({key}) >> 64 as ubigint)"


def trimmed(text: str) -> str:
    """SQL for text without spaces around it, or NULL where nothing is left."""
    return f"trimmed({text})"


def timestamp_sql(text: str, zone: str | None, style: str | None = None) -> str:
    """SQL for a UTC timestamp; text without an offset is local time of `zone` (default UTC).

    Words that DuckDB would take for a time (`epoch`, `infinity`) are none, nor are years of fewer
    than four digits. Of `10 PM` or `10:00 PST` DuckDB's TIMESTAMP would drop the word in silence.
    """
    if style:
        parsed = _styled(text, style)
        if "%z" in style:
            return f"cast({parsed} as timestamp)"
        return f"timezone({quote(zone)}, {parsed}) at time zone 'UTC'" if zone else parsed
    if not zone:
        return f"utc_time({text})"
    offset = f"suffix({text}, 'Z') or regexp_matches(iso_time({text}), '{_OFFSET}')"
    local = f"timezone({quote(zone)}, try_cast(iso_time({text}) as timestamp)) at time zone 'UTC'"
    return (
        f"case when not begins_with_year({text}) then NULL when {offset} then utc_time({text}) "
        f"when not regexp_matches({text}, '[A-Za-z]$') then {local} end"
    )


def _styled(text: str, style: str) -> str:
    """What a style finds, or one of several; `%Y` would take 26 for a year as well."""
    styles = [quote(one) for one in style.split(" | ")]
    found = f"try_strptime({text}, [{', '.join(styles)}])"
    return f"case when year({found}) >= 1000 then {found} end" if "%Y" in style else found


def latest_sql(texts: list[str], spec: Field, zone: str | None) -> str:
    """SQL for the last of several times; NULL where one of them can't be read."""
    times = [timestamp_sql(text, spec.zone or zone, spec.format) for text in texts]
    unread = [
        f"{text} is not null and {time} is null" for text, time in zip(texts, times, strict=True)
    ]
    last = f"greatest({', '.join([*times, 'NULL::timestamp'])})"
    return f"case when {' or '.join([*unread, 'false'])} then NULL else {last} end"


def _epoch(text: str, per_second: int) -> str:
    seconds = f"try_cast({text} as double)"
    micros = f"cast(round({seconds} * {1_000_000 // per_second}) as bigint)"
    limit = 253_402_300_799 * per_second
    return f"case when {seconds} between 0 and {limit} then make_timestamp({micros}) end"


def _any_epoch(text: str) -> str:
    """Seconds, or milliseconds where seconds would lie more than 3,000 years ahead."""
    is_millis = f"try_cast({text} as double) >= 1e11"
    return f"case when {is_millis} then {_epoch(text, 1000)} else {_epoch(text, 1)} end"


def _boolean(text: str) -> str:
    """The usual words first. Of a list of words DuckDB would make a table to join each row with."""
    return (
        f"case when {text} = 'true' then true when {text} = 'false' then false "
        f"when regexp_full_match(lower({text}), '{_YES}') then true "
        f"when regexp_full_match(lower({text}), '{_NO}') then false end"
    )


def _money(text: str, currency: str | None) -> str:
    """Minor units; a comma before the last one or two digits is a decimal comma."""
    bare = f"regexp_replace({text}, '[^0-9.,()-]', '', 'g')"
    point = f"replace(replace({bare}, '.', ''), ',', '.')"
    is_comma = f"regexp_matches({bare}, '{_DECIMAL_COMMA}')"
    plain = f"case when {is_comma} then {point} else replace({bare}, ',', '') end"
    signed = f"regexp_replace({plain}, '^\\((.*)\\)$', '-\\1')"
    none, three = (str(tuple(codes.split())) for codes in (NO_DECIMALS, THREE_DECIMALS))
    code = f"upper({currency})"
    factor = f"case when {code} in {none} then 1 when {code} in {three} then 1000 else 100 end"
    amount = f"coalesce(try_cast({text} as decimal(18, 4)), try_cast({signed} as decimal(18, 4)))"
    return f"cast(round({amount} * {factor if currency else 100}) as bigint)"


def _integer(text: str) -> str:
    number = f"try_cast({text} as double)"
    whole = f"case when {number} = floor({number}) then try_cast({number} as bigint) end"
    # DuckDB rounds 7.5 to 8 in silence.
    is_plain = f"regexp_full_match({text}, '[+-]?[0-9]+')"
    return f"case when {is_plain} then try_cast({text} as bigint) else {whole} end"


def _filled(pieces: str) -> str:
    """A list without its empty entries; NULL where none is left."""
    kept = f"list_filter({pieces}, lambda x: x is not null and x <> '')"
    return f"nullif({kept}, [])"


def gathered_sql(parser: str, texts: dict[str, str]) -> str:
    """A JSON array (`list`) of those texts that are there, or an object of all by their names."""
    if parser == "list":
        listed = f"[{', '.join(texts.values())}]::varchar[]"
        return f"to_json({_filled(listed)})"
    pairs = ", ".join(f"{quote(key)}, {text}" for key, text in texts.items())
    return f"cast(json_object({pairs}) as varchar)"


def _of_each(parser: str, text: str, key: str | None) -> str:
    """One key of every object in a list: as a JSON array, or as texts with spaces between.

    Jira's Data Center writes its objects as text: `Sprint@1[id=4,name=Sprint 4,goal=]`.
    """
    path = key or ("name" if parser == "names" else "text")
    valid = f"case when json_valid({text}) then {text} end"
    written = f"regexp_extract(e ->> '$', '[\\[,]{re.escape(path)}=(.*?)(?:,\\w+=|\\]$)', 1)"
    read = f"lambda e: coalesce(json_extract_string(e, {quote('$.' + path)}), {written})"
    found = _filled(f"list_transform(json_extract({valid}, '$[*]'), {read})")
    return f"to_json({found})" if parser == "names" else f"array_to_string({found}, ' ')"


def value_sql(parser: str, text: str, spec: Field, zone: str | None, currency: str | None) -> str:
    """SQL that reads text by a parser; what can't be read gives NULL."""
    match parser:
        case "timestamp":
            return timestamp_sql(text, spec.zone or zone, spec.format)
        case "date":
            if spec.format:
                return f"({_styled(text, spec.format)})::date"
            return f"case when begins_with_year({text}) then try_cast(left({text}, 10) as date) end"
        case "epoch_s" | "epoch_ms":
            return _epoch(text, 1 if parser == "epoch_s" else 1000)
        case "epoch":
            return _any_epoch(text)
        case "integer":
            return _integer(text)
        case "double":
            number = f"try_cast({text} as double)"
            return f"case when isfinite({number}) then {number} end"
        case "boolean":
            return _boolean(text)
        case "money":
            return _money(text, currency)
        case "percent":
            return f"try_cast(replace({text}, '%', '') as double) / 100"
        case "email_key":
            return f"keyed_hash(email_of({text}))"
        case "email_domain":
            return f"split_part(email_of({text}), '@', 2)"
        case "html":
            return f"plain_text({text})"
        case "lower":
            return f"lower({text})"
        case "domain":
            bare = f"regexp_replace(lower({text}), '^https?://(www\\.)?|^www\\.', '')"
            return f"nullif(split_part({bare}, '/', 1), '')"
        case "match":
            style = spec.format or ".*"
            group = min(re.compile(style).groups, 1)
            return f"nullif(regexp_extract({text}, {quote(style)}, {group}), '')"
        case "names" | "joined":
            return _of_each(parser, text, spec.format)
        case "split":
            pieces = f"regexp_split_to_array({text}, {quote(spec.format or '[,; ]+')})"
            return f"to_json({_filled(pieces)})"
        case "json":
            return f"case when json_valid({text}) then {text} end"
        case _:
            return text
