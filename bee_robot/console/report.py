"""The report of a visit: one HTML file that needs nothing else, and the same facts as JSON beside it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
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
from bee_robot.console.report_facts import BROOD, REST, STORES, ReportFacts, gather
from bee_robot.console.report_pictures import PictureShelf


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
    facts = gather(record)
    html = render(facts, PictureShelf(store))
    text = json.dumps(facts_as_json(facts, store), indent=1, ensure_ascii=False, allow_nan=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(path.with_suffix(".json"), text)
        _write_whole(path, html)
    except OSError as error:
        what = f"the report cannot be written ({error.strerror})"
        raise StoreError(path, what, "free space or give another file with --out FILE") from error
    return path


def render(facts: ReportFacts, shelf: PictureShelf) -> str:
    """The report's HTML."""
    environment = _environment()
    script = _asset(environment, "report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("report.html").render(
        facts=facts,
        record=facts.record,
        start=facts.record.start,
        outcome=facts.record.outcome,
        summary=facts.summary,
        alert=ALERTS.get(facts.record.outcome.alert) if facts.record.outcome is not None else None,
        show=shelf.show,
        bee_rows=figures.bee_rows(facts),
        comb_rows=figures.comb_rows(facts),
        comb_bar=figures.comb_bar,
        classes=figures.classes_seen(facts),
        course=figures.course(facts),
        groups={"Brood": BROOD, "Stores": STORES, "The rest": REST},
        style=Markup(_asset(environment, "report.css")),
        script=Markup(script),
        # Only this script may run, whatever names and texts a report holds.
        script_digest=f"sha256-{digest}",
    )


def facts_as_json(facts: ReportFacts, store: LocalStore) -> dict[str, Any]:
    """The report's facts as plain JSON values; pictures by SHA-256 and their path in the store's folder."""
    data: dict[str, Any] = to_json(facts)
    record = data["record"]
    for face in record["faces"]:
        straight = face["latest"]["straight"] if face["latest"] is not None else []
        for picture in [*face["pictures"], *straight]:
            path = store.picture_path(picture["sha256"])
            picture["path"] = path.relative_to(store.root).as_posix()
    data["frames"] = [frame.number for frame in facts.frames]
    return {"format": "bee_robot report 1", **data}


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
