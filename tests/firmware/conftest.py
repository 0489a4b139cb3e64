from __future__ import annotations

from pathlib import Path

import pytest
from bench_board import build_bench


@pytest.fixture(scope="session")
def library() -> Path:
    """The firmware with the bench plant, built now if it is out of date."""
    return build_bench()
