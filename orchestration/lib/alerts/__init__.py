"""Alerts: incidents, their grouping, messages about them and an outbox that loses none.

Pure: what was seen is handed in, by `orchestration.defs.alerts` or by a test.
"""
