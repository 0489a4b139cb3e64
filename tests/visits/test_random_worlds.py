"""A sample of what `make bench ONLY=visit_worlds` does with 500 seeds: whatever is wrong, nobody is hurt."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SECTION = Path(__file__).resolve().parents[2] / "bench" / "sections" / "visit_worlds.py"


@pytest.fixture(scope="module")
def worlds() -> ModuleType:
    spec = importlib.util.spec_from_file_location("visit_worlds", SECTION)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["visit_worlds"] = module  # dataclasses look for their module there
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", [0, 17, 34])
def test_whatever_is_wrong_a_visit_ends_closed_or_held_and_hurts_nobody(
    worlds: ModuleType, seed: int
) -> None:
    world = worlds.visit(seed)
    assert not world.is_wrong, str(world)


def test_a_seed_is_the_same_world_and_the_same_visit_again(worlds: ModuleType) -> None:
    assert str(worlds.visit(9)) == str(worlds.visit(9))


def test_harm_in_a_world_is_counted_and_told(worlds: ModuleType) -> None:
    world = worlds.World(
        7, 1, ("fault",), "closed", "closed", "", "", "", 2, True, ("R1 broken",), ("crush_pin",), 30.0
    )
    figures = worlds.figures([world])
    assert (figures["visit.bees_crushed"], figures["visit.queen_lost"], figures["visit.violations"]) == (
        2,
        1,
        1,
    )
    assert figures["visit.random_closed_pct"] == 100.0 and figures["visit.random_neither"] == 0
    assert "world 7" in str(world) and "R1 broken" in str(world) and "the queen is lost" in str(world)
