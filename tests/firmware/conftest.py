from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from bench_board import build_bench, build_mega2560_bench

NEEDED = {"avr-gcc": "gcc-avr and avr-libc", "/usr/include/simavr/sim_avr.h": "libsimavr-dev"}
"""What the controller's program in simavr is built with -> Debian packages."""


def missing_packages() -> list[str]:
    return [package for what, package in NEEDED.items() if not (shutil.which(what) or Path(what).is_file())]


@pytest.fixture(scope="session")
def host_library() -> Path:
    """The core compiled for this machine, with the bench plant; built now if it is out of date."""
    return build_bench()


@pytest.fixture(scope="session")
def mega2560_library() -> Path:
    """The controller's program in simavr, with the bench plant; built now if it is out of date."""
    if missing := missing_packages():
        pytest.skip(f"Debian packages missing: {', '.join(missing)} (tools/debian_packages --install)")
    return build_mega2560_bench()


@pytest.fixture(params=["host", "mega2560"])
def library(request: pytest.FixtureRequest) -> Path:
    """Both boards: no safety behaviour is tested on the host core alone."""
    found: Path = request.getfixturevalue(f"{request.param}_library")
    return found
