"""Benches are called bench_*.py: they are collected here, and only when somebody asks for them."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Takes bench files up as tests; `-m bench` runs them. What is asked for by name is one."""
    if parent.session.isinitpath(file_path):
        return None
    if file_path.name.startswith("bench_") and file_path.suffix == ".py":
        return pytest.Module.from_parent(parent, path=file_path)
    return None
