"""One message, several looks: plain text, Markdown, a mail in HTML, JSON for programs.

Belongs here: the looks. Does not belong here: what is said (`messages`). Whatever comes from data
is escaped, so that it can't pass for markup or a link.
"""

from __future__ import annotations

from html import escape
from typing import Any

from orchestration.lib.alerts.messages import Message
from orchestration.lib.alerts.model import Row

# Chats understand different kinds of Markdown, and not all of them backslashes: so marks are
# replaced by others that look the same, or parted from what follows by a space without width.
_APART = "\u200b"
_MARKS = str.maketrans({"*": "\u2217", "`": "'", "<": f"<{_APART}", "@": f"@{_APART}"})
_COLOURS = {"critical": "#c0392b", "warning": "#d9822b", "info": "#616e7c"}


def as_text(message: Message) -> str:
    """The whole message in plain text, without its title."""
    return "\n".join(_lines(message, lambda text: text, lambda label, url: f"{label}: {url}"))


def as_chat(message: Message) -> str:
    """The same for services that are given plain text and may find marks in it all the same."""
    return "\n".join(_lines(message, plain, lambda label, url: f"{label}: {url}"))


def as_markdown(message: Message) -> str:
    """The same for chats."""
    return "\n".join(_lines(message, plain, lambda label, url: f"[{label}]({url})", "**"))


def as_html(message: Message) -> str:
    """The same as a mail; styles stand in the tags, as mail programs drop style sheets."""
    colour = "#2f6f45" if message.kind == "recovered" else _COLOURS.get(message.severity, "#1f2933")
    parts = [
        f'<p style="border-left:4px solid {colour};padding-left:10px">'
        f"<b>{escape(message.title)}</b></p>",
        f"<p>{escape(message.words)}</p>",
    ]
    parts += [f"<p><b>What to do:</b> {escape(message.remedy)}</p>"] if message.remedy else []
    facts = "".join(
        f'<tr><td style="color:#616e7c;padding-right:12px">{escape(label)}</td>'
        f"<td>{escape(value)}</td></tr>"
        for label, value in message.facts
    )
    parts.append(f"<table>{facts}</table>")
    if message.sample:
        rows = "".join(f"<li>{escape(_row(row))}</li>" for row in message.sample)
        parts.append(f"<p><b>Some of the rows:</b></p><ul>{rows}</ul>")
    if message.effects:
        rows = "".join(f"<li>{escape(effect)}</li>" for effect in message.effects)
        parts.append(f"<p><b>Consequences:</b></p><ul>{rows}</ul>")
    # The address is shown as well: mail programs that know no HTML drop what stands in tags.
    links = "<br>".join(
        f'{escape(label)}: <a href="{escape(url, quote=True)}">{escape(url)}</a>'
        for label, url in message.links
    )
    parts += [f"<p>{links}</p>"] if links else []
    parts += [f"<p>{escape(message.note)}</p>"] if message.note else []
    parts.append(f'<p style="color:#9aa5b1">message {escape(message.message_id)}</p>')
    return "\n".join(parts)


def as_json(message: Message) -> dict[str, Any]:
    """The message for a program that receives it."""
    return {
        "message_id": message.message_id,
        "kind": message.kind,
        "incident_id": message.incident_id,
        "severity": message.severity,
        "title": message.title,
        "text": message.words,
        "what_to_do": message.remedy,
        "facts": dict(message.facts),
        "rows": [dict(row) for row in message.sample],
        "consequences": list(message.effects),
        "links": dict(message.links),
        "note": message.note,
    }


def _lines(message: Message, clean: Any, link: Any, strong: str = "") -> list[str]:
    lines = [clean(message.words), ""]
    if message.remedy:
        lines += [f"{strong}What to do:{strong} {clean(message.remedy)}", ""]
    lines += [f"- {label}: {clean(value)}" for label, value in message.facts]
    if message.sample:
        lines += ["", f"{strong}Some of the rows:{strong}", ""]
        lines += [f"- {clean(_row(row))}" for row in message.sample]
    if message.effects:
        lines += ["", f"{strong}Consequences:{strong}", ""]
        lines += [f"- {clean(effect)}" for effect in message.effects]
    lines += ["", " · ".join(link(label, url) for label, url in message.links)]
    lines += ["", clean(message.note)] if message.note else []
    return [*lines, "", f"message {message.message_id}"]


def _row(row: Row) -> str:
    return ", ".join(f"{name}: {value}" for name, value in row)


def plain(text: str) -> str:
    """Text in which nothing is markup, also no web address that a chat would make a link of."""
    text = " ".join(text.split()).translate(_MARKS)
    text = text.replace("](", f"]{_APART}(").replace("://", f":{_APART}//")
    return f"{_APART}{text}" if text.startswith("#") else text
