"""The report of a visit: one HTML file that needs nothing else, and the same facts as JSON beside it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import uuid
from dataclasses import fields
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from bee_robot.alerts import ALERTS
from bee_robot.cloud.encoding import to_json
from bee_robot.cloud.errors import StoreError
from bee_robot.cloud.local_store import LocalStore
from bee_robot.cloud.records import InspectionRecord
from bee_robot.console import report_figures as figures
from bee_robot.console import report_words as words
from bee_robot.console.report_facts import ReportFacts, gather
from bee_robot.console.report_measures import BROOD, REST, STORES
from bee_robot.console.report_overlay import HIDDEN, Overlay, draw
from bee_robot.console.report_pictures import PictureShelf, pictures_of
from bee_robot.hive.comb import CellClass

STYLES = ("report.css", "frames.css", "print.css")
#: What can be switched on the pictures: id, name, whether it is shown at first.
LAYERS = (
    ("photograph", "Photograph", True),
    ("bees", "Bees", False),
    ("queen", "Queen", True),
    ("cells", "Cells", False),
    ("queencells", "Queen cells", True),
    ("mites", "Mites", True),
)
LOOK_BACK = 10  # visits in which a comparable one is looked for


def write_report(store: LocalStore, inspection: str, out_path: Path | str | None = None) -> Path:
    """Write the report of a visit; returns the HTML file's path (the JSON file has its name with .json).

    out_path: by default in the store's folder reports/, named after date, hive and box. Raises StoreError.
    """
    record = store.inspection(inspection)
    path = Path(out_path) if out_path is not None else store.root / "reports" / _file_name(record)
    if path.suffix == ".json":
        raise StoreError(
            path, "this name is that of the data beside the report", "give a name that ends with .html"
        )
    facts = gather(record, visit_before(store, record))
    html = render(facts, PictureShelf(store, sum(len(pictures_of(face)) for face in record.faces)))
    text = _written(facts_as_json(facts, store))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(path.with_suffix(".json"), text)
        _write_whole(path, html)
    except OSError as error:
        what = f"the report cannot be written ({error.strerror})"
        raise StoreError(path, what, "free space or give another file with --out FILE") from error
    return path


def visit_before(store: LocalStore, record: InspectionRecord) -> InspectionRecord | None:
    """The last earlier visit of the same box of the same hive on which a face was analysed."""
    start = record.start
    earlier = [
        summary
        for summary in store.inspections(start.hive, start.box)
        if summary.id != record.id and summary.start.started_utc < start.started_utc
    ]
    for summary in earlier[:LOOK_BACK]:
        before = store.inspection(summary.id)
        if any(face.analysis is not None for face in before.faces):
            return before
    return None


def render(facts: ReportFacts, shelf: PictureShelf) -> str:
    """The report's HTML."""
    environment = _environment()
    script = _asset(environment, "report.js")
    drawings = drawings_of(facts.record)
    kinds = {layer.kind for drawing in drawings.values() if drawing is not None for layer in drawing.cells}
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("report.html").render(
        facts=facts,
        record=facts.record,
        start=facts.record.start,
        outcome=facts.record.outcome,
        summary=facts.summary,
        alert=ALERTS.get(facts.record.outcome.alert) if facts.record.outcome is not None else None,
        show=shelf.show,
        pictures_of=pictures_of,
        drawings=drawings,
        has_maps=any(drawings.values()),
        layers=LAYERS,
        brood_name="Capped brood" if facts.summary.is_capped_brood_only else "Brood",
        kinds=[kind for kind in (*(c.value for c in CellClass), HIDDEN) if kind in kinds],
        bee_rows=figures.bee_rows(facts),
        comb_rows=figures.comb_rows(facts),
        comb_bar=figures.comb_bar,
        classes=figures.classes_seen(facts),
        course=figures.course(facts),
        groups={"Brood": BROOD, "Stores": STORES, "The rest": REST},
        style=Markup("".join(_asset(environment, name) for name in STYLES)),
        script=Markup(script),
        # Only this script may run, whatever names and texts a report holds.
        script_digest=f"sha256-{digest}",
    )


def drawings_of(record: InspectionRecord) -> dict[int, Overlay | None]:
    """What is drawn of each face, by its id; None for one without a map."""
    return {
        face.id: draw(face.analysis.map)
        if face.analysis is not None and face.analysis.map is not None
        else None
        for face in record.faces
    }


def facts_as_json(facts: ReportFacts, store: LocalStore) -> dict[str, Any]:
    """The report's facts as plain JSON values; pictures by SHA-256 and their path in the store's folder.

    The maps of the faces are there in full, as columns.
    """
    data: dict[str, Any] = to_json(
        {f.name: getattr(facts, f.name) for f in fields(facts) if f.name != "frames"}
    )
    record = data["record"]
    for face in record["faces"]:
        straight = face["latest"]["straight"] if face["latest"] is not None else []
        for picture in [*face["pictures"], *straight]:
            path = store.picture_path(picture["sha256"])
            picture["path"] = path.relative_to(store.root).as_posix()
    data["frames"] = [
        {"number": frame.number, "tag": frame.tag, "sums": to_json(frame.sums)} for frame in facts.frames
    ]
    return {"format": "bee_robot report 2", **data}


def _written(data: dict[str, Any]) -> str:
    """Indented for people, but for the maps: a column of thousands of numbers stays on one line."""
    columns: list[str] = []
    token = f"map {uuid.uuid4().hex} "
    for face in data["record"]["faces"]:
        analysis = face["latest"]["analysis"] if face["latest"] is not None else None
        if analysis is not None and analysis["map"] is not None:
            columns.append(json.dumps(analysis["map"], allow_nan=False, separators=(",", ":")))
            analysis["map"] = f"{token}{len(columns) - 1}"
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
    return re.sub(f'"{token}([0-9]+)"', lambda found: columns[int(found[1])], text)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("bee_robot.console", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        cell=words.cell_words,
        value=words.estimate_value,
        interval=words.estimate_interval,
        bare=words.estimate_number,
        in_column=words.in_column,
        signed=words.signed,
        is_nothing=words.is_nothing,
        days=words.days,
        percent=words.as_percent,
        number=words.number,
        minutes=words.minutes,
        clock_face=words.clock_face,
        local=words.local_date,
        time=words.local_time,
        condition=words.condition,
        flat=words.flat,
        condition_value=words.condition_value,
        sentence=words.sentence,
        phase=lambda name: words.PHASE_WORDS.get(name, name),
    )
    return environment


def _asset(environment: jinja2.Environment, name: str) -> str:
    loader = environment.loader
    assert loader is not None
    return loader.get_source(environment, name)[0]


def _file_name(record: InspectionRecord) -> str:
    return f"{record.start.started_utc:%Y-%m-%d}_{_plain(record.start.hive)}_box{record.start.box}_{record.id[:8]}.html"


def _plain(name: str) -> str:
    """A name as part of a file's name."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)[:64]


def _write_whole(path: Path, text: str) -> None:
    """A reader sees the old report or the new one, never half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
