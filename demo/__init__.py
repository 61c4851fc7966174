"""A made-up company, Harborline, as the vendor files it would export.

Belongs here: a simulation of the company and files written as vendors write them. Does not belong
here: anything of the pipeline; this package imports nothing of ours, so that what it plants and
counts is an independent truth.
"""

from demo.write import DemoError, write_company

__all__ = ["DemoError", "write_company"]
