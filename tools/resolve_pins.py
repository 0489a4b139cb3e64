#!/usr/bin/env python3
"""Write pins.txt anew: what pip resolves for setup.py on each given Python, with markers where they differ.

    tools/resolve_pins.py python3.10 python3.11 python3.12 python3.13 [--keep numpy==2.2.6 ...]

`--keep` holds a package at a version. Says which packages have no wheel. Needs a package registry; changes nothing else.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("pip", "setuptools", "wheel")
EXTRAS = ("onnxruntime", "test")
HEADER = """\
# Versions of every package, direct or not: a pip constraints file, and the only place where versions are pinned.
# Written by tools/resolve_pins.py for Python {pythons}; raise a version there, run `make test`, commit.
"""


def resolve(python: str, kept: list[str]) -> tuple[str, dict[str, str], list[str]]:
    """What pip would install on this interpreter: its x.y version, {package: version}, packages without a wheel."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, "-m", "venv", folder], check=True)
        own = f"{folder}/bin/python"
        version = subprocess.check_output(
            [own, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], text=True
        )
        constraints, report = Path(folder, "kept.txt"), Path(folder, "report.json")
        constraints.write_text("\n".join(kept) + "\n")
        subprocess.run(
            [own, "-m", "pip", "install", "--quiet", "--upgrade", "-c", str(constraints), *TOOLS], check=True
        )
        wanted = f"{ROOT}[{','.join(EXTRAS)}]"
        command = ["install", "--quiet", "--dry-run", "--ignore-installed", "--report", str(report)]
        subprocess.run([own, "-m", "pip", *command, "-c", str(constraints), *TOOLS, wanted], check=True)
        items = [
            item
            for item in json.loads(report.read_text())["install"]
            if item["metadata"]["name"] != "bee_robot"
        ]
    versions = {
        item["metadata"]["name"].lower().replace("_", "-"): item["metadata"]["version"] for item in items
    }
    versions["onnxruntime-gpu"] = versions["onnxruntime"]  # excludes the other one; released together
    sources = [
        item["metadata"]["name"] for item in items if not item["download_info"]["url"].endswith(".whl")
    ]
    return version.strip(), versions, sources


def pins(found: dict[str, dict[str, str]]) -> list[str]:
    """One line a package, or one line a Python version where versions differ or a Python does without it."""
    lines = []
    for name in sorted({name for versions in found.values() for name in versions}):
        by_python = {python: versions.get(name) for python, versions in found.items()}
        if len(set(by_python.values())) == 1:
            lines.append(f"{name}=={by_python.popitem()[1]}")
            continue
        for version in sorted({value for value in by_python.values() if value}):
            pythons = [python for python, value in by_python.items() if value == version]
            marker = " or ".join(f'python_version == "{python}"' for python in pythons)
            lines.append(f"{name}=={version} ; {marker}")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("python", nargs="+", help="interpreters, such as python3.10")
    parser.add_argument("--keep", nargs="*", default=[], metavar="NAME==VERSION")
    arguments = parser.parse_args()
    found = {}
    for python in arguments.python:
        version, found[version], sources = resolve(python, arguments.keep)
        print(
            f"Python {version}: {len(found[version])} packages; without a wheel: {', '.join(sources) or 'none'}"
        )
    Path(ROOT, "pins.txt").write_text(HEADER.format(pythons=", ".join(found)) + "\n".join(pins(found)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
