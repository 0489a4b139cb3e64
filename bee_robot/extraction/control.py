"""How anybody influences a job that runs: pause, resume, skip a frame, end early, stop, and answers of a person."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

logger = logging.getLogger(__name__)

CANCEL = "cancel"
"""The answer of a person who will not do what the job asks for; the job undoes what it has begun."""


class VisitControl:
    """Of one job. Call from the loop that runs the job. Every reason says who and why; the first one is kept.

    `asks`: what a person is asked to do now, or "". `heard`: everybody in `listen` is told of every change.
    """

    def __init__(self) -> None:
        self.stop_because = ""
        self.stop_now_because = ""
        self.pause_because = ""
        self.skip_because = ""
        self.asks = ""
        self.resumed_by = self.answered_by = ""
        """Who let the machine move again, where it is known."""
        self._answer: str | None = None
        self._stops_now = asyncio.Event()
        self._change = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    def listen(self, heard: Callable[[], None]) -> None:
        """Call `heard` after every change, from the loop that runs the job."""
        self._listeners.append(heard)

    # what others say ------------------------------------------------------------------------------------------------

    def pause(self, because: str) -> None:
        """Hold where the board may hold, or at the end of its programme. Nothing goes on before `resume`."""
        if not self.is_paused:
            self.pause_because = because or "somebody asked for it"
            self._changed()

    def resume(self, by: str = "") -> None:
        if self.is_paused:
            self.pause_because, self.resumed_by = "", by
            self._changed()

    @property
    def is_paused(self) -> bool:
        return bool(self.pause_because)

    def skip_frame(self, because: str) -> None:
        """The frame in work goes back into its place without photographs; where none is in work, the next one."""
        if not self.skip_because:
            self.skip_because = because or "somebody asked for it"
            self._changed()

    def request_stop(self, because: str) -> None:
        """Finish the current safe unit: set the frame down, close the hive."""
        if because and not self.stop_because:
            self.stop_because = because
            self._changed()

    def stop_now(self, because: str) -> None:
        """Stop at once, whatever is open; the job ends held and says what that is."""
        self.stop_now_because = self.stop_now_because or because
        self._stops_now.set()
        self._changed()

    def answer(self, text: str = "", by: str = "") -> bool:
        """A person has done what the job asks for, or says CANCEL. False where nothing is asked."""
        if not self.asks or self._answer is not None:
            return False
        self._answer, self.answered_by = text, by
        self._changed()
        return True

    # for the job ----------------------------------------------------------------------------------------------------

    def ask(self, text: str) -> None:
        """Ask a person for something; an answer from before does not count."""
        self.asks, self._answer = text, None
        self._changed()

    def take_answer(self) -> str | None:
        """The answer, once; nothing is asked afterwards. None: there is none yet."""
        answer = self._answer
        if answer is not None:
            self.ask("")
        return answer

    def take_skip(self) -> str:
        """Why the frame in work is to be skipped, once; or ""."""
        because, self.skip_because = self.skip_because, ""
        return because

    async def wait_change(self) -> None:
        """Until anything changes. Look at what you wait for before and after."""
        await self._change.wait()

    async def wait_stop_now(self) -> str:
        await self._stops_now.wait()
        return self.stop_now_because

    def _changed(self) -> None:
        self._change.set()
        self._change = asyncio.Event()
        for heard in self._listeners:
            try:
                heard()
            except Exception:  # whoever listens, what was said counts
                logger.exception("a listener failed at a change of a job")
