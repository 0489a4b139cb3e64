"""A robot that people work with: frames handed out at its door and moved, a visit paused and shortened from elsewhere."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from robot_field import Bee, Field

from bee_robot.nodes.graph_client import GraphClient

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
DESPITE = ("--override-by", "Ann", "--because", "a test")  # the bees had no rest since the job before


class Place:
    """A field with one robot of two frames that stays up."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self._robot = ("--robot", str(field.robot_file(frames=2)))
        self.up = self.start("up", "tower", "--sim", "--speed", "20")
        self.up.wait_for("is ready")

    def start(self, *words: str) -> Bee:
        return self._field.bee(*words, *self._robot)

    def ends(self, status: int, *words: str) -> str:
        """What a short command says."""
        bee = self.start(*words)
        assert bee.end(timeout_s=40) == status, bee.output
        return bee.output

    def journal(self, question: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(Path(self._field.environment["BEE_STORE"]) / "journal.sqlite") as journal:
            return list(journal.execute(question))


def ended_well(job: Bee) -> str:
    assert job.end(timeout_s=120) == 0, job.output
    assert "Closed and safe." in job.output and "0 rules broken" in job.output
    return job.output


def test_frames_change_hands_and_places_and_a_visit_obeys_words_from_elsewhere(
    field_of_one: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", field_of_one.environment["ROS_DOMAIN_ID"])  # of this process, too
    place = Place(field_of_one)
    move_frame_1(place)
    visit_with_words(place)
    assert field_of_one.json("out.json")["faces"] == 0, "one frame skipped, one left out"
    hand_out_frame_2(place)

    assert "lift_left" in place.ends(0, "jog", "lift", "+3")
    place.up.interrupt()
    assert place.up.end() == 0
    field_of_one.wait_until_no_node_runs()


def move_frame_1(place: Place) -> None:
    move = place.start("frame", "move", "--box", "1", "--frame", "1", "--to-place", "2")
    assert "frame 1 is taken" in ended_well(move)
    (last,) = place.journal("SELECT belief FROM journal WHERE step = 'closed' ORDER BY id DESC LIMIT 1")
    places = json.loads(last[0])["frames_y_mm"]
    assert sorted(places, key=places.get) == ["2", "1"]


def visit_with_words(place: Place) -> None:
    visit = place.start("inspect", "--box", "1", "--json", "out.json", *DESPITE)
    with GraphClient("tower_1") as somebody:  # not too late, as a command of its own may be
        visit.wait_for("is taken", timeout_s=120)
        somebody.say("pause", "Bert", "visitors")
        visit.wait_for("paused: Bert: visitors")
        state = place.ends(0, "visit", "state")
        assert "PAUSED by Bert: visitors" in state and "Box 1 is open since" in state
        somebody.say("skip", "Bert")
        place.ends(0, "visit", "resume", "--by", "Ann")
        visit.wait_for("is skipped")
        somebody.say("stop", "Bert", "enough")
    said = ended_well(visit)
    assert "2 of 2 frames found" in said and "was skipped" in said and "enough" in said, said
    remarks = place.journal("SELECT note FROM journal WHERE step IN ('paused', 'resumed') ORDER BY id")
    assert remarks == [("Bert: visitors",), ("Ann resumed",)]


def hand_out_frame_2(place: Place) -> None:
    take = place.start("frame", "take", "--box", "1", "--frame", "2", "--by", "Ann", *DESPITE)
    take.wait_for("To do: Open the service door", timeout_s=120)
    refused = place.ends(3, "gap", "close", "--box", "1", "--to", "front")
    assert "busy: it takes frame 2 out of box 1, as Ann asked" in refused
    assert "off the hooks" in place.ends(0, "visit", "answer", "--sim", "--by", "Bert")
    assert "Bert says: done" in ended_well(take)
    assert place.journal("SELECT note FROM journal WHERE step = 'answer'") == [("Bert says: done",)]
