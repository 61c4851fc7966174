"""The section `alerts:`: mistakes name file, line and remedy; alerts can't reach nobody unseen."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from ingest.config import ConfigError, parse_config

CHANNEL = "  channels: [{name: ops, url_env: OPS_URL}]\n"
ROUTE = "  routes: [{to: [ops]}]\n"


def read(alerts: str):
    return parse_config(f"org: {{name: x}}\nalerts:\n{alerts}", Path("productops.yml")).alerts


@pytest.mark.parametrize(
    ("alerts", "said"),
    [
        (CHANNEL, "2: alerts: Value error, the last route must have no condition"),
        (CHANNEL + "  routes: [{owners: [a], to: [ops]}]\n", "must have no condition"),
        (CHANNEL + "  routes: [{severity: warning, to: [ops]}]\n", "must have no condition"),
        (CHANNEL + "  routes: [{to: [oncall]}]\n", "no channel is named oncall; there are: ops"),
        (CHANNEL.replace("}", ", fallback: ops}") + ROUTE, "can't be the fallback of itself"),
        (CHANNEL.replace("}]", "}, {name: ops, url_env: B}]") + ROUTE, "ops stands there twice"),
        (CHANNEL.replace("OPS_URL", "slack://a/b/c") + ROUTE, "3: alerts.channels.0.url_env"),
        (CHANNEL.replace("}", ", kind: fax}") + ROUTE, "3: alerts.channels.0.kind"),
        (CHANNEL.replace("}", ", timeout_seconds: 60}") + ROUTE, "less than or equal to 15"),
        ("  remind_after_hours: 1\n", "3: alerts.remind_after_hours"),
        ("  quiet_hours: {starts_at: late, ends_at: 7:00}\n", "alerts.quiet_hours.starts_at"),
        ("  base_url: dagster.corp.test\n", "3: alerts.base_url"),
        ("  routs: []\n", "3: alerts.routs: Extra inputs"),
    ],
)
def test_a_mistake_names_file_line_and_remedy(alerts: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(alerts)
    assert "productops.yml:" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize("written", ["20:00", '"20:00"', "20:00:00"])
def test_a_time_means_the_same_with_and_without_quotes(written: str) -> None:
    """YAML takes 20:00 for a number of sixtieths."""
    quiet = read(f"  quiet_hours: {{starts_at: {written}, ends_at: 07:30}}\n").quiet_hours
    assert quiet is not None
    assert (quiet.starts_at, quiet.ends_at) == (time(20), time(7, 30))


def test_nothing_said_is_a_sensible_thing() -> None:
    rules = parse_config("org: {name: x}\n", Path("productops.yml")).alerts
    assert (rules.base_url, rules.channels) == ("http://127.0.0.1:3000", ())
    assert rules.route("anybody", "marts/x", (), "critical") is None
