"""Vendor exports in, typed contracts in the lake out.

Belongs here: recognising, checking, mapping, landing and accounting for delivered files.
Does not belong here: orchestration, the warehouse, gates, statistics. This package imports
nothing else of the project and runs on its own: `python -m ingest --help`.
"""
