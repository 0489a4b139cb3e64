"""The report as people see it: on a screen, on a phone, on paper, with and without JavaScript."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import numpy as np
import pytest
from chromium import Chromium, Page

FACE = "#frame-2-rear .sheet"


@pytest.fixture
def page(browser: Chromium, report: Path) -> Page:
    return browser.open(report, 1280, 900)


def switched(page: Page, layer: str) -> float:
    """Share of the picture's pixels that change when a layer is switched with the mouse."""
    page.show(FACE)
    before = page.picture(FACE).astype(int)
    page.click(f"#show-{layer}")
    page.settle()
    after = page.picture(FACE).astype(int)
    return float((np.abs(before - after).max(axis=2) > 24).mean())


def scale_in_viewer(page: Page) -> float:
    return page.box(".viewer-sheet")[2]


def test_nothing_is_fetched_and_nothing_complains(page: Page, report: Path) -> None:
    page.show("#frame-3")
    page.run("document.querySelector('#frame-3 .enlarge').click()")
    page.settle()
    assert page.complaints == []
    assert {address.split(":")[0] for address in page.requests} <= {"file", "data"}
    assert sum(address.startswith("file") for address in page.requests) == 1


@pytest.mark.parametrize(
    ("layer", "least", "most"),
    [
        ("bees", 0.01, 0.9),
        ("cells", 0.1, 1.0),
        ("queencells", 0.001, 0.05),
        ("mites", 0.0005, 0.05),
        ("photograph", 0.3, 1.0),
    ],
)
def test_a_layer_is_switched_on_the_picture(page: Page, layer: str, least: float, most: float) -> None:
    assert least < switched(page, layer) < most


def test_the_cell_map_stands_beside_the_picture_whatever_is_switched(page: Page) -> None:
    page.show("#frame-2-rear .map svg")
    pixels = page.picture("#frame-2-rear .map svg").reshape(-1, 3)
    assert len(np.unique(pixels // 32, axis=0)) > 8


def test_the_viewer_zooms_with_buttons_wheel_and_keys_and_is_left_with_escape(page: Page) -> None:
    page.show(FACE)
    page.click("#frame-2-rear .enlarge")
    page.settle()
    whole = scale_in_viewer(page)
    page.click("[data-do=in]")
    assert scale_in_viewer(page) == pytest.approx(1.5 * whole, rel=0.01)
    page.mouse("mouseWheel", 640, 500, deltaX=0, deltaY=-400)
    page.settle()
    assert scale_in_viewer(page) > 2 * whole
    x, y, *_ = page.box(".viewer-sheet")
    page.mouse("mousePressed", 640, 500)
    page.mouse("mouseMoved", 600, 480, buttons=1)
    page.mouse("mouseReleased", 600, 480)
    assert page.box(".viewer-sheet")[:2] == pytest.approx((x - 40, y - 20), abs=1)
    page.key("0")
    assert scale_in_viewer(page) == pytest.approx(whole, rel=0.01)
    page.key("n")
    assert page.run("document.querySelector('.viewer-name').textContent") == "Front face of frame 2"
    page.key("Escape")
    assert page.run("document.getElementById('viewer').open") is False


def test_the_viewer_names_the_cell_under_the_pointer(page: Page) -> None:
    page.show(FACE)
    page.click("#frame-2-rear .enlarge")
    page.settle()
    names = set()
    x, y, width, height = page.box(".viewer-sheet")
    for step in range(12):
        page.mouse("mouseMoved", x + width * (step + 0.5) / 12, y + height * 0.5)
        names.add(page.run("document.querySelector('.viewer-cell').textContent"))
    assert names & {"capped brood", "empty cells", "larvae", "eggs", "under a bee", "bee bread"}


def test_the_viewer_switches_layers_too(page: Page) -> None:
    page.show(FACE)
    page.click("#frame-2-rear .enlarge")
    page.settle()
    before = page.picture().astype(int)
    page.click("[data-layer=show-cells]")
    page.settle()
    assert (np.abs(page.picture().astype(int) - before).max(axis=2) > 24).mean() > 0.1
    assert (
        page.run("document.querySelector('[data-layer=show-cells]').getAttribute('aria-pressed')") == "true"
    )


def test_a_phone_shows_all_without_moving_sideways_and_two_fingers_zoom(
    browser: Chromium, report: Path
) -> None:
    page = browser.open(report, 360, 760)
    for place in ("#colony", "#summary", ".ledger-card", "#comparison", "#frame-2", "#course", "#how"):
        page.show(place)
        assert page.run("document.documentElement.scrollWidth") <= 360, place
    page.show(FACE)
    page.run("document.querySelector('#frame-2-rear .enlarge').click()")
    page.settle()
    whole = scale_in_viewer(page)
    page.fingers(((160, 400), (200, 400)), ((130, 400), (230, 400)), ((80, 400), (280, 400)))
    page.settle()
    assert scale_in_viewer(page) > 2 * whole


def test_without_javascript_pictures_show_and_layers_switch(browser: Chromium, report: Path) -> None:
    page = browser.open(report, 1280, 900, has_script=False)
    assert page.run("document.querySelectorAll('.enlarge').length") == 0
    assert switched(page, "cells") > 0.1
    assert page.picture("#frame-2-rear .sheet").std() > 10


def test_paper_has_a_page_for_each_frame_and_no_controls(page: Page) -> None:
    data = base64.b64decode(page.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"])
    pages = re.findall(rb"/Type\s*/Page\b[^s]", data)
    frames = page.run("document.querySelectorAll('.frame').length")
    assert frames + 3 <= len(pages) <= frames + 9
    size = re.search(rb"/MediaBox\s*\[0 0 ([0-9.]+) ([0-9.]+)\]", data)
    assert size is not None and [float(n) for n in size.groups()] == pytest.approx(
        [595, 842], abs=1
    )  # A4, points
    page.ask("Emulation.setEmulatedMedia", media="print")
    shown = "[...document.querySelectorAll('.tools, .enlarge, dialog')].some(e => getComputedStyle(e).display != 'none')"
    assert page.run(shown) is False
    assert page.run(
        "[...document.querySelectorAll('.frame')].every(f => getComputedStyle(f).breakInside == 'avoid')"
    )
