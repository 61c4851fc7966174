"""Everything that Dagster loads.

Belongs here: the list. Does not belong here: what stands in it (`defs/`).
"""

import dagster as dg

from orchestration.defs.alerts import alerts, channels_answer, incidents_spec
from orchestration.defs.days import events_by_day
from orchestration.defs.freshness import delivery_specs
from orchestration.defs.gates import lake_gate, marts_gate
from orchestration.defs.jobs import files_arrived, main_job, nightly
from orchestration.defs.lake import lake
from orchestration.defs.polling import poll_sensors
from orchestration.defs.published import published
from orchestration.defs.resources import make_resources
from orchestration.defs.warehouse import warehouse

defs = dg.Definitions(
    assets=[
        lake,
        events_by_day,
        *delivery_specs(),
        warehouse,
        published,
        incidents_spec(),
    ],
    asset_checks=[lake_gate, marts_gate, channels_answer],
    jobs=[main_job],
    schedules=[nightly],
    sensors=[files_arrived, alerts, *poll_sensors()],
    resources=make_resources(),
    # One process for all steps: each process more would import everything again.
    executor=dg.in_process_executor,
)
