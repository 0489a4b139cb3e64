"""The demo as a new user runs it: all processes, one box of ten frames."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMITS = {
    "demo.wall_s": ("<=", 180.0),
    "demo.frames_inspected": (">=", 10.0),
    "demo.faces": (">=", 20.0),
    "demo.rule_violations": ("<=", 0.0),
}


def measure() -> dict[str, float]:
    environment = {**os.environ, "ROS_DOMAIN_ID": str(random.randint(100, 200))}
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "out.json")
        command = [
            sys.executable,
            "-m",
            "bee_robot.cli.main",
            "inspect",
            "--sim",
            "--box",
            "1",
            "--json",
            str(result),
        ]
        began_s = time.perf_counter()
        done = subprocess.run(
            command, cwd=folder, env=environment, timeout=600, check=False, stdout=subprocess.DEVNULL
        )
        wall_s = time.perf_counter() - began_s
        if not result.is_file():
            raise SystemExit(f"bench: the demo ended with status {done.returncode} and no result")
        end = json.loads(result.read_text(encoding="utf-8"))
    return {
        "demo.wall_s": round(wall_s, 2),
        "demo.speed": round(end["visit_time_s"] / wall_s, 2),
        "demo.visit_time_s": end["visit_time_s"],
        "demo.open_time_s": end["open_time_s"],
        "demo.frames_inspected": end["frames_inspected"],
        "demo.faces": end["faces"],
        "demo.faces_analysed": end["faces_analysed"],
        "demo.rule_violations": end["rule_violations"],
        "demo.exit_status": float(done.returncode),
    }
