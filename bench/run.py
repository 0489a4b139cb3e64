"""`make bench`: measures and writes bench/figures.json, one flat object, figure name -> number.

Each file of bench/sections/ is a section: `measure() -> dict[str, float]`, names "<section>.<what>_<unit>" (of a section
a_b also "a.b_<what>"), and `LIMITS`, what a figure must keep: name -> ("<=" or ">=", number). With --only, other sections'
figures stay as they were. Naming a section a runs its parts a_b with it, soaks excepted.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
FIGURES = HERE / "figures.json"
SOAKS = {"soak", "ros_soak"}
"""Run only when they are named themselves."""
LONG_SECTIONS = SOAKS | {"visit_kill", "visit_real", "visit_worlds"}
"""Run only when they, or the section that they are a part of, are named."""


def sections() -> dict[str, Path]:
    return {path.stem: path for path in sorted((HERE / "sections").glob("*.py"))}


def loaded(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bench_{name}", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"bench: {path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look for their module there
    spec.loader.exec_module(module)
    return module


def chosen(only: str) -> dict[str, Path]:
    known = sections()
    if not only.strip():
        return {name: path for name, path in known.items() if name not in LONG_SECTIONS}
    names = [name.strip() for name in only.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise SystemExit(f"bench: unknown section '{name}'; known: {', '.join(known)} (ONLY=name,name)")
    parts = [
        part
        for name in names
        for part in known
        if part == name or (part.startswith(f"{name}_") and part not in SOAKS)
    ]
    return {part: known[part] for part in parts}


def is_kept(value: float, limit: tuple[str, float]) -> bool:
    sign, number = limit
    return value <= number if sign == "<=" else value >= number


def owner(figure: str) -> str:
    """The section that measures a figure: `ros.soak_lost` is of `ros_soak`, `ros.rtt_us_p50` of `ros`."""
    name = figure.replace(".", "_")
    known = [section for section in sections() if f"{name}_".startswith(f"{section}_")]
    return max(known, key=len, default="")


def write_merged(figures: dict[str, float], measured: list[str]) -> None:
    """Figures of the measured sections replace all that those sections had before."""
    before = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.is_file() else {}
    kept = {name: value for name, value in before.items() if owner(name) not in measured}
    merged = dict(sorted({**kept, **figures}.items()))
    FIGURES.write_text(json.dumps(merged, indent=2) + "\n", encoding="utf-8")


def main() -> int:
    """0 when every figure keeps its limit."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", metavar="SECTION,...", help=f"of {', '.join(sections())}")
    todo = chosen(parser.parse_args().only)
    figures: dict[str, float] = {}
    missed = []
    for name, path in todo.items():
        print(f"{name}:", flush=True)
        module = loaded(name, path)
        found: dict[str, float] = module.measure()
        for figure, value in found.items():
            limit = module.LIMITS.get(figure)
            is_good = limit is None or is_kept(value, limit)
            shown = f"{limit[0]} {limit[1]:g}" if limit else ""
            print(f"  {figure:<32} {value:>12.6g} {shown:<12} {'' if is_good else 'MISSED'}", flush=True)
            if not is_good:
                missed.append(figure)
        figures |= found
        write_merged(found, [name])
    print(
        f"{len(figures)} figures in {FIGURES.relative_to(HERE.parent)}; missed: {', '.join(missed) or 'none'}"
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
