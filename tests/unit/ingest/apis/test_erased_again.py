"""Somebody who was erased and whom the vendor tells of again: held back, on pages of APIs too."""

from __future__ import annotations

from ingest.forget import conclude, purge
from ingest.ledger import read_batches
from ingest.subjects import make_request
from tests.unit.ingest.apis.worlds import ZendeskUsers
from tests.unit.ingest.forgetting import traces

ADDRESS = "u7@acme.test"


def test_who_was_erased_is_held_back_when_a_page_brings_them_again(make_puller) -> None:
    puller = make_puller(ZendeskUsers(30))
    puller.pulled()
    assert traces(puller.place, ADDRESS)
    workspace = puller.place.workspace
    found = purge(workspace, make_request([ADDRESS]))
    conclude(workspace, found.subject, scanned=0, holding=0)
    assert traces(puller.place, ADDRESS) == []
    rest = {number: moment for number, moment in puller.world.truth().items() if number != "7"}
    assert puller.versions() == rest

    puller.world.edit(7, 8)
    puller.server.skew += 120
    outcome = puller.pull()
    assert (outcome.status, outcome.records, outcome.rows_loaded) == ("pulled", 2, 1)
    assert sum(batch.rows_suppressed for batch in read_batches(workspace.lake)) == 1
    assert traces(puller.place, ADDRESS) == []
    assert "7" not in puller.versions()
    assert puller.pull().rows_loaded == 0
