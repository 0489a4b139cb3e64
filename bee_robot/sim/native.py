"""Where the twin's machine code is: firmware, plant and comb renderer in one library."""

from __future__ import annotations

import os
from pathlib import Path


def library_path() -> Path:
    """$BEE_HOST_LIBRARY, in the installed package, or what `make firmware` has built."""
    given = os.environ.get("BEE_HOST_LIBRARY")
    if given:
        return Path(given)
    installed = Path(__file__).with_name("libbee_host.so")
    if installed.is_file():
        return installed
    return Path(__file__).resolve().parents[2] / "build" / "firmware" / "host" / "libbee_host.so"
