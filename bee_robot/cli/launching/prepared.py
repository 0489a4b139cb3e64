"""Runs a node whose module has been imported while it still waited for its turn.

    python -m bee_robot.cli.launching.prepared FD MODULE [arguments of the node]

Imports take most of a start. The node itself (its name on the graph, its ports) begins when a byte comes on FD; if FD is
closed without one, the process ends. Standard library only, until the module is imported.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from types import FrameType

GO = b"g"


def _leave(number: int, frame: FrameType | None) -> None:
    """Nothing has begun yet that would have to be ended well."""
    os._exit(0)


def main() -> int:
    go, module_name, *arguments = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    module = importlib.import_module(module_name)
    sys.argv = [str(module.__file__), *arguments]
    if os.read(int(go), 1) != GO:
        return 0
    os.close(int(go))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return int(module.main() or 0)


if __name__ == "__main__":
    sys.exit(main())
