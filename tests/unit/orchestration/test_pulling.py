"""APIs as the first step of a run: pulled, told, and never a reason to leave files lying."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner

from ingest.settings import open_workspace
from ingest.waiting import Waiting
from orchestration.cli import main
from orchestration.defs.lake import BATCHES, lake
from orchestration.defs.resources import WorkspaceResource
from orchestration.lib import run as runs
from orchestration.lib.pulling import pull_configured
from tests.unit.ingest.apis.conftest import configuration
from tests.unit.ingest.apis.server import SECRET, FaultServer
from tests.unit.ingest.apis.worlds import Freshdesk


@pytest.fixture
def server() -> Iterator[FaultServer]:
    running = FaultServer(Freshdesk(150))
    yield running
    running.close()


@pytest.fixture
def home(tmp_path: Path, server: FaultServer) -> Path:
    made = tmp_path / "company"
    for folder in ("drop", "registry"):
        (made / folder).mkdir(parents=True)
    (made / "productops.yml").write_text(configuration(server.world, server.url))
    (made / ".env").write_text(
        f"PRODUCTOPS_HASH_KEY=a hash key for tests alone\nVENDOR_TOKEN={SECRET}\n"
    )
    (made / ".env").chmod(0o600)
    return made


def doctor(home: Path) -> str:
    return CliRunner().invoke(main, ["--home", str(home), "doctor"]).output


def materialize(home: Path) -> dict[str, object]:
    """What the lake's assets tell of the ledger."""
    result = dg.materialize([lake], resources={"workspace": WorkspaceResource(home=str(home))})
    assert result.success
    (found,) = [
        event for event in result.get_asset_materialization_events() if event.asset_key == BATCHES
    ]
    return dict(found.materialization.metadata)


def test_the_lake_pulls_before_it_takes_in_files(home, server) -> None:
    metadata = materialize(home)
    assert "freshdesk/tickets" in metadata["pulled"].value
    assert metadata["files_new"].value == 1  # the settings; pages are not dropped files
    account = runs.report(open_workspace(home), runs.datetime.now(runs.UTC))
    assert account.pull_problems == account.not_pulled == ()
    assert len(server.requests) == 2


def test_a_vendor_that_fails_keeps_nothing_else_out_and_is_told(home, server) -> None:
    server.always = "401"
    assert "denied" in materialize(home)["pulled"].value
    workspace = open_workspace(home)
    account = runs.report(workspace, runs.datetime.now(runs.UTC))
    assert not account.is_green
    assert account.pull_problems[0].startswith("freshdesk/tickets: /api/v2/tickets: status 401")
    assert "MEND the last pull went well" in doctor(home)
    shown = CliRunner().invoke(main, ["--home", str(home), "status"]).output
    assert "Not pulled to the end: 1 streams" in shown
    server.always = ""
    assert "2 pages" in pull_configured(workspace)[0].words
    assert "ok   the last pull went well" in doctor(home)


def test_an_account_with_a_stream_that_failed_is_not_green() -> None:
    account = runs.RunReport((), (), None, None, None, "build", is_current=True)
    assert account.is_green
    assert not replace(account, pull_problems=("zendesk/tickets: denied",)).is_green
    waiting = Waiting("drop/a.json", runs.datetime.now(runs.UTC), "can't be read")
    assert not replace(account, waiting=(waiting,)).is_green


def test_doctor_says_which_variable_is_missing_and_shows_no_secret(home) -> None:
    fine = doctor(home)
    assert "ok   API freshdesk: credential in VENDOR_TOKEN" in fine
    assert SECRET not in fine
    env = home / ".env"
    env.write_text(env.read_text().replace("VENDOR_TOKEN", "ANOTHER"))
    missing = doctor(home)
    assert "MEND API freshdesk" in missing
    assert "VENDOR_TOKEN is not set, so freshdesk is not pulled" in missing
    account = runs.report(open_workspace(home), runs.datetime.now(runs.UTC))
    assert account.not_pulled == ("freshdesk: VENDOR_TOKEN is not set",)


def test_without_apis_nothing_of_the_network_is_loaded(home) -> None:
    text = (home / "productops.yml").read_text().partition("apis:")[0]
    (home / "productops.yml").write_text(text)
    code = (
        "import sys; from pathlib import Path; from ingest.settings import open_workspace;"
        "from orchestration.lib.pulling import pull_configured; from ingest.load import ingest;"
        "w = open_workspace(Path(sys.argv[1])); assert pull_configured(w) == []; ingest(w);"
        "print('httpx2' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(home)], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert done.stdout.strip() == "False"


def test_a_run_may_be_asked_for_one_api_alone(home, server) -> None:
    text = (home / "productops.yml").read_text()
    (source,) = open_workspace(home).config.apis
    # Nobody listens on the other one.
    (home / "productops.yml").write_text(
        f"{text}  -\n    name: other\n    vendor: intercom\n    base_url: http://127.0.0.1:9\n"
        "    start_at: 2026-05-01\n    credentials_env: VENDOR_TOKEN\n"
    )
    pulled = pull_configured(open_workspace(home), only=source.name)
    assert {outcome.name.split("/")[0] for outcome in pulled} == {source.name}
    assert {outcome.status for outcome in pulled} == {"pulled"}
