"""The tables of docs/ros.md from those of the code: python3 tools/ros_tables.py writes them between their markers.

tests/unit/nodes/test_ros_tables.py fails where the page is older than the code.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "ros.md"
TABLE = re.compile(r"<!-- table: (?P<name>[\w ]+) -->\n.*?<!-- end -->", re.DOTALL)

sys.path.insert(0, str(ROOT))
os.environ.setdefault("BEE_ROS", "embedded")

import bee_robot  # noqa: E402, F401 - decides which rclpy there is
from bee_robot.nodes import parameters, qos, services  # noqa: E402


def markdown(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def topics() -> str:
    return markdown(
        ("topic", "type", "published by", "rate", "QoS", "reason"),
        [(f"`{t.name}`", f"`{t.type}`", t.by, t.rate, qos.in_words(t.profile), t.reason) for t in qos.TOPICS],
    )


def services_and_actions(rows: Sequence[services.Service]) -> str:
    return markdown(
        ("name", "type", "served by", "what it does"),
        [(f"`{row.name}`", f"`{row.type}`", row.by, row.does) for row in rows],
    )


def parameters_of(node: str) -> str:
    return markdown(
        ("parameter", "type", "default", "allowed", "unit", "may change", "meaning"),
        [
            (
                f"`{row.name}`",
                row.type,
                "needed" if row.is_required else f"`{_shown(row.default)}`",
                row.limits or "any",
                row.unit,
                row.change.value,
                row.meaning,
            )
            for row in parameters.table_of(node)
        ],
    )


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


def tables() -> dict[str, str]:
    """By the names of their markers."""
    return {
        "topics": topics(),
        "services": services_and_actions(services.SERVICES),
        "actions": services_and_actions(services.ACTIONS),
        **{f"parameters of {node}": parameters_of(node) for node in parameters.TABLES},
    }


def with_tables(text: str) -> str:
    """A page with its tables as the code has them now. KeyError for a marker of a table that the code does not have."""
    made = tables()

    def table(found: re.Match[str]) -> str:
        return f"<!-- table: {found['name']} -->\n{made[found['name']]}\n<!-- end -->"

    return TABLE.sub(table, text)


def named_in(text: str) -> list[str]:
    """Names of the tables that a page has."""
    return [found["name"] for found in TABLE.finditer(text)]


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
