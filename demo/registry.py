"""Harborline's own words: `productops.yml` and the YAML of its registry.

Belongs here: what a product-ops lead would have written by hand. Does not belong here: exports.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from demo import catalog, experiments
from demo.company import AS_OF, INTERNAL_DOMAIN, ORG_ZONE, STARTS_ON, iso, moment
from demo.files import Delivery

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. /-]*")
_CONFIG = f"""# Harborline, a made-up company. `as_of` freezes its clock: the demo never ages.
org:
  name: Harborline
  time_zone: {ORG_ZONE}
  currency: USD
  internal_domains: [{INTERNAL_DOMAIN}]
  product_born_on: 2025-01-01
  as_of: {iso(AS_OF)}

# Who is taken out of the counts, and why. Nothing is deleted: marts tell how many were left out.
exclusions:
  - {{subject_type: account, subject: acc_sandbox, reason: test_account}}
  - {{subject_type: user_agent, subject: pingdom, reason: synthetic_monitor}}
"""
EXCLUSIONS = 3


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_scalar(item) for item in value) + "]"
    return text if _PLAIN.fullmatch(text) else '"' + text.replace('"', '\\"') + '"'


def _mapping(item: dict[str, Any], indent: str, first: str | None = None) -> list[str]:
    """Lines of a mapping; what nobody knows is left out."""
    lines = []
    for key, value in item.items():
        if value is None:
            continue
        start = first if first is not None and not lines else indent
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lines.append(f"{start}{key}:")
            lines += _items(value, indent + "  ")
        elif isinstance(value, dict):
            lines.append(f"{start}{key}:")
            lines += _mapping(value, indent + "  ")
        else:
            lines.append(f"{start}{key}: {_scalar(value)}")
    return lines


def _items(items: list[dict[str, Any]], indent: str = "  ") -> list[str]:
    return [line for item in items for line in _mapping(item, indent + "  ", indent + "- ")]


def _write(delivery: Delivery, kind: str, path: str, comment: str, body: dict[str, Any]) -> None:
    lines = [f"# {comment}", f"kind: {kind}"]
    for key, value in body.items():
        lines.append(f"{key}:")
        lines += _items(value) if isinstance(value, list) else _mapping(value, "  ")
    day = moment(STARTS_ON, 7)
    delivery.text(f"registry_{kind}", f"registry/{path}", "\n".join(lines) + "\n", day)


def _count(delivery: Delivery, kind: str, contract: str, rows: int) -> None:
    tally = delivery.tally(kind, contract)
    tally.rows_in += rows
    tally.rows_loaded += rows


def _tools(delivery: Delivery) -> None:
    for tool in catalog.TOOLS:
        facts = {
            "tool_id": tool.tool_id,
            "name": tool.name,
            "vendor": tool.vendor,
            "category": tool.category,
            "owner": tool.owner,
            "app_names": list(tool.app_names),
        }
        contract = {
            "contract_id": f"{tool.tool_id}-{tool.starts_on:%Y}",
            "starts_on": tool.starts_on,
            "renews_on": tool.renews_on,
            "notice_days": tool.notice_days,
            "is_auto_renew": tool.is_auto_renew,
            "can_reduce_in_term": tool.can_reduce_in_term,
            "purchased_seat_count": tool.purchased,
            "seat_month_minor": tool.price,
            "currency": "USD",
            "owner": "product-ops",
        }
        body = {"tool": facts, "contracts": [contract]}
        _write(delivery, "tool", f"tools/{tool.tool_id}.yml", "A tool that we rent.", body)
        _count(delivery, "registry_tool", "tools", 1)
        _count(delivery, "registry_tool", "tool_contracts", 1)


def _releases(delivery: Delivery) -> None:
    for release_id, name, feature_id, theme_id, day in catalog.RELEASES:
        facts = {
            "release_id": release_id,
            "name": name,
            "feature_id": feature_id,
            "theme_id": theme_id,
            "released_on": day,
            "owner": "release-management",
        }
        _write(
            delivery,
            "release",
            f"releases/{release_id}.yml",
            "A release to customers.",
            {"release": facts},
        )
        _count(delivery, "registry_release", "releases", 1)


def _experiments(delivery: Delivery) -> None:
    for metric in experiments.metrics():
        path = f"metrics/{metric['metric_id']}.yml"
        _write(delivery, "metric", path, "A metric of experiments.", {"metric": metric})
        _count(delivery, "registry_metric", "metrics", 1)
    for plan in experiments.plans():
        path = f"experiments/{plan['experiment_id']}.yml"
        _write(delivery, "experiment", path, "An experiment.", {"experiment": plan})
        _count(delivery, "registry_experiment", "experiments", 1)


def _exchange_rates(delivery: Delivery) -> None:
    rates = [
        {"currency": code, "rated_on": day, "rate": rate}
        for code, by_month in catalog.EXCHANGE_RATES.items() for day, rate in by_month
    ]  # fmt: skip
    body = {"rates": rates, "to_currency": "USD", "constant_on": rates[0]["rated_on"]}
    lines = ["# What one unit of other currencies is worth in ours.", "kind: exchange_rates"]
    lines += [f"{key}: {_scalar(body[key])}" for key in ("to_currency", "constant_on")]
    text = "\n".join([*lines, "rates:", *_items(rates)]) + "\n"
    delivery.text(
        "registry_exchange_rates", "registry/exchange_rates.yml", text, moment(STARTS_ON, 7)
    )
    _count(delivery, "registry_exchange_rates", "exchange_rates", len(rates))


def write_registry(delivery: Delivery) -> None:
    """Writes the configuration and all registers."""
    delivery.text("workspace_config", "productops.yml", _CONFIG, moment(date(2026, 1, 5), 7))
    _count(delivery, "workspace_config", "exclusions", EXCLUSIONS)
    features = [
        {
            "feature_id": i,
            "name": n,
            "area": area,
            "owner": owner,
            "entitled_plans": list(plans) if plans else None,
            "released_on": released,
            "retired_on": retired,
        }
        for i, n, area, owner, plans, released, retired in catalog.FEATURES
    ]
    _write(delivery, "features", "features.yml", "What the product can do.", {"features": features})
    _count(delivery, "registry_features", "features", len(features))
    events = [{"event_name": e, "feature_id": f, "event_class": c} for e, f, c, _ in catalog.EVENTS]
    comment = "Which events show use of what. value: the person got something; system: background."
    _write(delivery, "tracking_plan", "tracking_plan.yml", comment, {"events": events})
    _count(delivery, "registry_tracking_plan", "tracking_plan", len(events))
    comment = "Steps whose order matters; hours from the first one; what ends an attempt."
    _write(delivery, "funnels", "funnels.yml", comment, {"funnels": list(catalog.FUNNELS)})
    steps = sum(len(f["steps"]) + len(f.get("exclude", ())) for f in catalog.FUNNELS)
    _count(delivery, "registry_funnels", "funnel_steps", steps)
    comment = "What makes a person activated."
    criteria = list(catalog.ACTIVATION)
    _write(delivery, "activation", "activation.yml", comment, {"criteria": criteria})
    _count(delivery, "registry_activation", "activation_criteria", len(criteria))
    themes = [
        {
            "theme_id": t.theme_id,
            "name": t.name,
            "feature_id": t.feature_id,
            "terms": list(t.terms),
            "exclude": list(t.excluded) or None,
        }
        for t in catalog.THEMES
    ]
    _write(
        delivery,
        "themes",
        "themes.yml",
        "Words that show a theme; a trailing * matches any ending.",
        {"themes": themes},
    )
    _count(
        delivery,
        "registry_themes",
        "theme_terms",
        sum(len(t.terms) + len(t.excluded) for t in catalog.THEMES),
    )
    _write(delivery, "sla_policies", "sla_policies.yml", "What we promise to those who write.",
           {"policies": catalog.POLICIES})  # fmt: skip
    _count(delivery, "registry_sla_policies", "sla_policies", len(catalog.POLICIES))
    _exchange_rates(delivery)
    _tools(delivery)
    _releases(delivery)
    _experiments(delivery)
