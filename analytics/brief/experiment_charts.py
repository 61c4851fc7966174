"""Pictures of experiments: effects with their intervals, looks, what a plan can see.

Belongs here: which figures are drawn how. Does not belong here: words around them.
"""

from __future__ import annotations

from collections.abc import Sequence

from analytics.brief.drawing import COLOURS, INK, QUIET, Chart, made, plot
from analytics.brief.reading import Row

_GOOD, _BAD = "#3f8f5b", "#c2413b"
_SAYS = ["better", "worse", "unclear"]


def effects(rows: Sequence[Row], prefix: str, title: str, note: str) -> Chart | None:
    """Relative effects with intervals, one for each row: `label`, `relative` and its ends."""
    import altair as alt

    kept = [row for row in rows if row["relative_low"] is not None]
    if not kept:
        return None
    shown = [
        {"label": row["label"], "effect": row["relative"], "low": row["relative_low"],
         "high": row["relative_high"], "says": row["says"]}
        for row in kept
    ]  # fmt: skip
    colour = alt.Color("says:N", scale=alt.Scale(domain=_SAYS, range=[_GOOD, _BAD, QUIET]))
    base = plot(shown).encode(
        y=alt.Y("label:N", title=None, sort=[row["label"] for row in shown],
                # Fonts differ: room that is only just enough cuts letters off.
                axis=alt.Axis(labelLimit=190, minExtent=7 * max(len(r["label"]) for r in shown))),
        color=colour,
    )  # fmt: skip
    axis = alt.Axis(format="+.0%", tickCount=5)
    span = base.mark_rule(strokeWidth=3).encode(
        x=alt.X("low:Q", title="relative effect", axis=axis), x2="high:Q"
    )
    point = base.mark_point(size=70, filled=True, opacity=1).encode(x="effect:Q")
    zero = plot([{"at": 0.0}]).mark_rule(color=INK, strokeDash=[3, 3]).encode(x="at:Q")
    return made(title, note, zero + span + point, prefix, shown)


def looks(rows: Sequence[Row], prefix: str) -> Chart | None:
    """The primary difference and its interval at each look that may be read."""
    import altair as alt

    shown = [
        {"look": f"{row['look_on']:%b %d}", "variation": row["variation_id"],
         "difference": row["difference"], "low": row["ci_low"], "high": row["ci_high"]}
        for row in rows if row["ci_low"] is not None
    ]  # fmt: skip
    if len({row["look"] for row in shown}) < 2:
        return None
    base = plot(shown).encode(
        x=alt.X("look:O", title=None, sort=None, axis=alt.Axis(labelAngle=0)),
        color=alt.Color("variation:N", scale=alt.Scale(range=list(COLOURS))),
    )
    span = base.mark_rule(strokeWidth=3).encode(
        y=alt.Y("low:Q", title="difference of means"), y2="high:Q"
    )
    point = base.mark_point(size=70, filled=True, opacity=1).encode(y="difference:Q")
    zero = plot([{"at": 0.0}]).mark_rule(color=INK, strokeDash=[3, 3]).encode(y="at:Q")
    return made(
        "Looks", "The primary metric at each planned look; intervals hold at all of them together.",
        zero + span + point, prefix, shown,
    )  # fmt: skip


def sensitivity(rows: Sequence[Row], mde: float, prefix: str, title: str) -> Chart:
    """What a test of so many weeks can see; `rows` have `weeks`, `units` and `mde`."""
    import altair as alt

    base = plot(rows).encode(x=alt.X("weeks:Q", title="weeks of exposure", axis=alt.Axis(
        tickMinStep=1, format="d")))  # fmt: skip
    line = base.mark_line(color=COLOURS[0], strokeWidth=2).encode(
        y=alt.Y("mde:Q", title="smallest effect that is found", axis=alt.Axis(format=".0%"))
    )
    point = base.mark_point(color=COLOURS[0], filled=True, opacity=1).encode(y="mde:Q")
    asked = plot([{"at": mde}]).mark_rule(color=_BAD, strokeDash=[4, 3]).encode(y="at:Q")
    return made(
        title, f"Dashed: the effect of {mde:.0%} that the plan asks for.", line + point + asked,
        prefix, list(rows),
    )  # fmt: skip
