"""Runs everything: the only package that knows Dagster.

`lib/` is pure (no Dagster) and holds what a run does; `defs/` shows it to Dagster; `cli.py` and
`commands/` show it to people.
"""
