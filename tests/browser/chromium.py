"""A headless Chromium that a test drives: pages, input, pictures of them, over the DevTools pipe (no network, no library)."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

ANSWER_S = 40.0
NOISE_OF_ITS_OWN = ("--disable-background-networking", "--disable-component-update", "--no-first-run")


def binary() -> str | None:
    return next(
        (
            found
            for name in ("chromium", "chromium-browser", "google-chrome")
            if (found := shutil.which(name))
        ),
        None,
    )


class Chromium:
    """Use as a context; `open` gives a page."""

    def __init__(self, program: str, profile: Path) -> None:
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--remote-debugging-pipe",
        ]
        # Chromium reads its commands from descriptor 3 and answers on 4.
        self._process = subprocess.Popen(
            [
                "bash",
                "-c",
                f'exec "$@" 3<&{commands} 4>&{answers}',
                "bash",
                program,
                *options,
                *NOISE_OF_ITS_OWN,
            ]
            + [f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(commands, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        self._number = 0
        self._rest = b""
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.ask("Browser.close")
            self._process.wait(ANSWER_S)
        except (OSError, AssertionError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._commands)
        os.close(self._answers)

    def ask(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        answer = self._until(lambda got: got.get("id") == number)
        assert "error" not in answer, answer
        return dict(answer["result"])

    def wait_for(self, method: str, session: str) -> dict[str, Any]:
        def is_it(event: dict[str, Any]) -> bool:
            return event.get("method") == method and event.get("sessionId") == session

        found = next((event for event in self.events if is_it(event)), None)
        return found if found is not None else self._until(is_it)

    def _until(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while True:
            message = self._read()
            if "method" in message:
                self.events.append(message)
            if is_it(message):
                return message

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            assert select.select([self._answers], [], [], ANSWER_S)[0], "Chromium does not answer"
            more = os.read(self._answers, 1 << 20)
            assert more, "Chromium has gone"
            self._rest += more
        text, self._rest = self._rest.split(b"\0", 1)
        return dict(json.loads(text))

    def open(self, path: Path, width_px: int, height_px: int, has_script: bool = True) -> Page:
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, has_script)
        for part in ("Page", "Runtime", "Log", "Network"):
            page.ask(f"{part}.enable")
        is_phone = width_px < 600
        page.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width_px,
            height=height_px,
            deviceScaleFactor=1,
            mobile=is_phone,
        )
        page.ask("Emulation.setTouchEmulationEnabled", enabled=is_phone)
        if not has_script:
            page.ask("Emulation.setScriptExecutionDisabled", value=True)
        self.events.clear()
        page.ask("Page.navigate", url=path.as_uri())
        self.wait_for("Page.loadEventFired", session)
        return page


class Page:
    def __init__(self, browser: Chromium, session: str, has_script: bool) -> None:
        self._browser, self._session, self._has_script = browser, session, has_script

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.ask(method, self._session, **parameters)

    def run(self, script: str) -> Any:
        """Value of an expression; a promise is waited for."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def settle(self) -> None:
        """Until pictures are decoded and two more images of the page were drawn."""
        if not self._has_script:  # no promise would ever be kept
            for _ in range(3):
                self.picture()
            return
        self.run(
            "Promise.all([...document.images].filter(i => i.src.length > 10).map(i => i.decode().catch(() => 0)))"
            ".then(() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r()))))"
        )

    def show(self, selector: str) -> None:
        """Scroll there at once."""
        self.run(
            f"document.documentElement.style.scrollBehavior = 'auto';"
            f"document.querySelector('{selector}').scrollIntoView({{block: 'center'}})"
        )
        self.settle()

    def box(self, selector: str) -> tuple[float, float, float, float]:
        """x, y, width, height in the window, pixels."""
        script = f"(b => [b.x, b.y, b.width, b.height])(document.querySelector('{selector}').getBoundingClientRect())"
        x, y, width, height = self.run(script)
        return x, y, width, height

    def picture(self, selector: str = "") -> NDArray[np.uint8]:
        """BGR pixels of the window, or of one element in it."""
        data = base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"])
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert pixels is not None
        if selector:
            x, y, width, height = (round(value) for value in self.box(selector))
            pixels = pixels[max(0, y) : y + height, max(0, x) : x + width]
        return pixels.astype(np.uint8)

    def click(self, selector: str) -> None:
        """With the mouse, in the middle of it."""
        x, y, width, height = self.box(selector)
        self.mouse("mousePressed", x + width / 2, y + height / 2)
        self.mouse("mouseReleased", x + width / 2, y + height / 2)

    def mouse(self, kind: str, x: float, y: float, **more: float) -> None:
        self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1, **more)

    def key(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            more = {"text": key} if len(key) == 1 and kind == "keyDown" else {}
            code = {"Escape": 27, "Enter": 13}.get(key, 0)
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **more)

    def fingers(self, *places: tuple[tuple[float, float], tuple[float, float]]) -> None:
        """Two fingers, put down at the first places, moved over the others, then lifted."""
        for step, pair in enumerate(places):
            points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(pair)]
            self.ask(
                "Input.dispatchTouchEvent", type="touchMove" if step else "touchStart", touchPoints=points
            )
        self.ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    @property
    def complaints(self) -> list[str]:
        """What the console and uncaught errors said since the page was opened."""
        kinds = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
        return [json.dumps(e["params"])[:400] for e in self._mine() if e["method"] in kinds]

    @property
    def requests(self) -> list[str]:
        """Beginnings of all addresses that were asked for."""
        return [
            e["params"]["request"]["url"][:60]
            for e in self._mine()
            if e["method"] == "Network.requestWillBeSent"
        ]

    def _mine(self) -> list[dict[str, Any]]:
        return [event for event in self._browser.events if event.get("sessionId") == self._session]
