"""Messages reach a mail server and a web hook, say what is needed, and give nobody away."""

from __future__ import annotations

import email
import email.policy
import logging
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from ingest.alerting import Channel
from orchestration.lib.alerts.channels import mask, send
from orchestration.lib.alerts.look import look, store_path
from orchestration.lib.alerts.messages import Message
from orchestration.lib.alerts.render import as_html, as_json, as_markdown, as_text
from tests.unit.orchestration.alerts.world import (
    T0,
    FakeSource,
    Receiver,
    minutes,
    receiving,
    seen,
    workspace,
)

PERSON, PHONE, TOKEN = "ada.lovelace@corp.test", "+49 170 1234567", "tok-s3cr3t-9f2c7d"
MAIL = """alerts:
  base_url: https://dagster.corp.test/ui/
  channels:
    - {name: mail, url_env: MAIL_URL}
    - {name: hook, kind: webhook, url_env: HOOK_URL}
  routes: [{to: [mail, hook]}]
"""


@dataclass
class Mailbox:
    url: str = ""
    got: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    async def handle_DATA(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        self.raw.append(envelope.content)
        self.got.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"

    def text(self, number: int, kind: str) -> str:
        part = self.got[number].get_body((kind,))
        assert part is not None
        return part.get_content()


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    box = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    box.url = f"mailto://127.0.0.1:{port}/?from=alerts@corp.test&to=ops@corp.test&key={TOKEN}"
    monkeypatch.setenv("MAIL_URL", box.url)
    yield box
    server.stop()


def broken(**more: Any) -> FakeSource:
    source = FakeSource()
    facts = {
        "severity": "critical", "rows_failing": 1234, "rows_checked": 20_000, "run_id": "r-1",
        "words": "Every ticket belongs to a known account.", "remedy": "Export the accounts again.",
        "owner": "support-ops",
        "sample": tuple((("ticket_id", f"t-{n}"), ("account", "<b>x</b>")) for n in range(9)),
    } | more  # fmt: skip
    source.run(T0, seen("marts/a__day", False, **facts))
    return source


def test_a_mail_says_what_broke_how_much_what_it_affects_and_where_to_look(
    tmp_path: Path, mailbox: Mailbox, hook: Receiver
) -> None:
    company = workspace(tmp_path, MAIL, "Europe/Berlin")
    account = look(company, broken(), T0)
    assert account.delivery.problems == ()
    (message,) = mailbox.got
    assert message["X-Productops-Message-Id"] == hook.got[0]["message_id"]
    title = "[critical] a__day: Every ticket belongs to a known account."
    assert str(message["Subject"]) == title == hook.got[0]["title"]
    link = "https://dagster.corp.test/ui/assets/marts/a__day?view=checks&checkDetail=must_hold"
    assert link in mailbox.text(0, "plain"), "also for mail programs that know no HTML"
    html = mailbox.text(0, "html")
    for said in (
        "Every ticket belongs", "1,234 of 20,000", "Export the accounts again.", "ticket_id: t-4",
        "a__day", "the published page", "2026-05-04 10:00 (Europe/Berlin)", "support-ops",
        link.replace("&", "&amp;"), "https://dagster.corp.test/ui/runs/r-1",
        "account: &lt;b&gt;x&lt;/b&gt;",
    ):  # fmt: skip
        assert said in html, said
    assert "t-5" not in html, "at most five rows"
    assert "<b>x</b>" not in html
    assert hook.got[0]["links"] == {"check": link, "run": "https://dagster.corp.test/ui/runs/r-1"}
    assert hook.got[0]["rows"][4] == {"ticket_id": "t-4", "account": "<b>x</b>"}
    assert hook.got[0]["facts"]["affected marts"] == "a__day"


def test_nobody_and_no_secret_is_in_any_message_log_or_file(
    tmp_path: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Planted in every place that takes words from data or from programs; then all is searched."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("apprise").setLevel(logging.DEBUG)
    with receiving(f"/{TOKEN}/x") as receiver:
        monkeypatch.setenv("HOOK_URL", f"{receiver.url}?key={TOKEN}")
        company = workspace(tmp_path, MAIL)
        said = f"call {PHONE} or {PERSON}, using {TOKEN}"
        source = broken(
            words=f"Broken: {said}", remedy=said,
            sample=((("note", said), ("phone", PHONE), ("who", PERSON)),),
        )  # fmt: skip
        receiver.status = 500
        accounts = [look(company, source, T0)]
        receiver.status = 200
        source.run(minutes(9), seen("marts/a__day", True, at=minutes(9)))
        accounts.append(look(company, source, minutes(90)))
        assert [len(receiver.got), len(mailbox.got)] == [2, 2]
        texts = [repr(receiver.got), *(raw.decode() for raw in mailbox.raw), repr(accounts)]
        # Mails may be encoded; what people read counts.
        texts += [mailbox.text(0, "html"), str(mailbox.got[0]["Subject"])]
    out, err = capfd.readouterr()
    texts += [caplog.text, out, err]
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".env"]
    assert store_path(company) in files
    assert any(path.name == "transitions.jsonl" for path in files)
    texts += [path.read_bytes().decode(errors="replace") for path in files]
    for text in texts:
        for planted in (PERSON, PHONE, "1234567", TOKEN):
            assert planted not in text, (planted, text[:2000])
    assert "call [phone] or [email], using [secret]" in mailbox.text(0, "html")


def test_in_a_chat_data_can_call_nobody(hook: Receiver) -> None:
    """Mattermost takes text from Apprise and finds marks in it."""
    chat = hook.url.replace("http://", "mmost://").replace("/hook/path-is-secret-s3cr3t", "/tok3n")
    message = Message("m-1", "opened", "i", "critical", "[critical] x: @all <b>", "@all is *gone*",
                      links=(("run", "https://ui.test/runs/1"),))  # fmt: skip
    assert send(Channel(name="chat", url_env="CHAT_URL"), chat, message) == ""
    text = hook.got[0]["text"]
    assert "run: https://ui.test/runs/1" in text
    assert "message m-1" in text
    assert "@all" not in text
    assert "*gone*" not in text


def test_what_a_library_complains_of_names_no_part_of_an_address(mailbox: Mailbox) -> None:
    gone = f"mailto://u:{TOKEN}@127.0.0.1:1/?from=a@b.test&to=c@d.test"
    problem = send(Channel(name="m", url_env="M"), gone, Message("1", "test", "", "info", "t", "w"))
    assert problem
    assert TOKEN not in problem
    assert (
        mask(f"POST http://h.test/{TOKEN}?k=abcd1", f"http://h.test/{TOKEN}?k=abcd1") == "POST ***"
    )
    assert mask(f"at h.test: {TOKEN}", f"slack://h.test/{TOKEN}/x") == "at ***: ***"


def test_a_fault_that_names_the_whole_address_is_told_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = f"slack://{TOKEN}/b/c"

    def fail(*_: object) -> str:
        raise ValueError(f"can't parse {url} nor {TOKEN}")

    monkeypatch.setattr("orchestration.lib.alerts.channels._by_apprise", fail)
    problem = send(Channel(name="m", url_env="M"), url, Message("1", "test", "", "info", "t", "w"))
    assert problem == "ValueError: can't parse *** nor ***"


@pytest.mark.parametrize(
    ("url", "kind", "said"),
    [
        ("", "apprise", "HOOK_URL is not set"),
        ("", "webhook", "HOOK_URL is not set"),
        ("ftp://nobody", "webhook", "HOOK_URL holds no web address"),
        ("nothing that is known", "apprise", "HOOK_URL holds no address that Apprise knows"),
        ("http://127.0.0.1:1/x", "webhook", "no connection"),
    ],
)
def test_a_wrong_address_is_said_plainly(url: str, kind: Any, said: str) -> None:
    channel = Channel(name="hook", kind=kind, url_env="HOOK_URL")
    assert said in send(channel, url, Message("1", "test", "", "info", "t", "w"))


def test_a_redirect_is_no_delivery(hook: Receiver) -> None:
    hook.status = 302
    channel = Channel(name="hook", kind="webhook", url_env="HOOK_URL")
    assert send(channel, hook.url, Message("1", "test", "", "info", "t", "w")) == "HTTP 302"


def test_words_from_data_are_no_markup_anywhere() -> None:
    evil = "<script>x</script> [click](https://evil.test) @channel *b*"
    message = Message(
        "1", "opened", "i", "warning", evil, evil, (("rows", evil),), ((("c", evil),),), (evil,),
        evil, (("run", "https://ui.test/runs/1"),), evil,
    )  # fmt: skip
    html, markdown = as_html(message), as_markdown(message)
    assert "<script>" not in html
    assert "](https://evil" not in markdown
    assert "[run](https://ui.test/runs/1)" in markdown
    assert "https://evil" not in markdown
    assert " @channel" not in markdown
    assert "<script>" not in markdown
    assert "*b*" not in markdown
    assert "\\" not in markdown, "some chats show it"
    assert as_json(message)["text"] == evil
    assert as_text(message).endswith("message 1")


def test_apprise_is_imported_only_when_something_is_sent() -> None:
    code = "import sys, orchestration.lib.alerts.look; assert 'apprise' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
