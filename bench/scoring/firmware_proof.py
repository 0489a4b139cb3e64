"""How much the firmware's tests notice, and what fuzzing finds. See tools/firmware_mutants.py and firmware/tests/proof.mk."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
FOUND = ROOT / "build" / "firmware" / "fuzz" / "found"
TARGETS = ("bytes", "link")
MUTANTS_TIMEOUT_S = 1800.0


class ProofMissing(Exception):
    """Something that the measurement needs is not on this machine."""


def mutants_killed(name: str = "safety") -> dict[str, float]:
    """Mutants of firmware/core/<name>.c: how many there are and how many the tests notice, in percent.

    Mutants that the compiler refuses do not count. Raises ProofMissing without a C compiler, RuntimeError when the tests
    fail before anything is broken.
    """
    if not shutil.which(os.environ.get("CC", "cc")):
        raise ProofMissing("no C compiler; on Debian: apt install gcc")
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "firmware_mutants.py"), name, "--json"],
        capture_output=True,
        text=True,
        timeout=MUTANTS_TIMEOUT_S,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    counts: dict[str, int] = json.loads(done.stdout)
    total = counts["killed"] + counts["survived"]
    prefix = "" if name == "safety" else f"{name}_"
    return {
        f"firmware.{prefix}mutants": total,
        f"firmware.{prefix}mutants_killed_pct": round(100 * counts["killed"] / total, 2),
    }


def fuzzed(seconds: float) -> dict[str, float]:
    """Both fuzz targets together for about so long, beginning with the corpus that is kept.

    A finding is an input at which a target ended by itself: a judge's word, a sanitizer's, or a time limit. Inputs of
    findings stay in build/firmware/fuzz/found. Raises ProofMissing without clang.
    """
    if not shutil.which(os.environ.get("CLANG", "clang")):
        raise ProofMissing("clang is not installed, nothing is fuzzed; on Debian: apt install clang")
    subprocess.run(["make", "-s", "-C", str(FIRMWARE), "fuzz_targets"], check=True, timeout=600)
    runs = [_run(target, max(1, round(seconds / len(TARGETS)))) for target in TARGETS]
    return {
        "firmware.fuzz_executions": sum(executions for executions, _ in runs),
        "firmware.fuzz_findings": sum(findings for _, findings in runs),
    }


def _run(target: str, seconds: int) -> tuple[int, int]:
    """Executions and findings of one target."""
    found = FOUND / target
    found.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [
            *(
                str(FOUND.parent / f"fuzz_{target}"),
                f"-max_total_time={seconds}",
                "-max_len=400",
                "-timeout=10",
            ),
            *("-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={FOUND}/{target}-"),
            *(str(found), str(FIRMWARE / "tests" / "corpus" / target)),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds + 300,
    )
    executions = re.search(r"number_of_executed_units: *(\d+)", done.stderr)
    if executions is None:
        raise RuntimeError(f"fuzz_{target} said nothing of what it did: {done.stderr[-500:]}")
    if done.returncode:
        print(f"  fuzz_{target}: {_finding(done.stderr)}", flush=True)
    return int(executions.group(1)), int(done.returncode != 0)


def _finding(log: str) -> str:
    """The line that says what is wrong, and the file that shows it."""
    said = re.findall(
        r"^(?:forbidden.*|.*runtime error.*|.*ERROR: AddressSanitizer.*|.*Test unit written to.*)$", log, re.M
    )
    return "; ".join(said) or log[-300:]
