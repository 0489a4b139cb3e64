"""visit_scheduler: asks frame_extractor for the visits of the schedule when they are due, and keeps what came of them.

What is due is decided by apiary/visit_schedule.py; whether the hive may be opened, by frame_extractor. A visit that it has
asked for goes on without it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import sys
from pathlib import Path
from typing import Any

from rclpy.action import ActionClient

from bee_robot.apiary.schedule_store import ScheduleStore, ScheduleStoreError
from bee_robot.apiary.visit_schedule import Attempt, Day, Due, End, boxes_of, due_now, next_due, unfinished
from bee_robot.clock import pause_wall
from bee_robot.extraction.journal import Journal, JournalError
from bee_robot.nodes import conversions, qos
from bee_robot.nodes.diagnostics import Status
from bee_robot.nodes.process import BeeNode, StartError, run_node
from bee_robot_interfaces.action import InspectBox, InspectHive
from bee_robot_interfaces.msg import VisitState

LOOK_S = 10.0
ANSWER_S = 30.0
SILENT_S = 20.0  # of a frame_extractor that has ended amid a job
VISIT_S = 6 * 3600.0  # of a hive of five boxes, with a person who pauses it
BY = "schedule"


class VisitScheduler(BeeNode):
    """See module; its parameters are in parameters.py."""

    def __init__(self, **options: Any) -> None:
        super().__init__("visit_scheduler", **options)
        root = Path(self.parameter("store"))
        self._schedule = ScheduleStore(root)
        try:
            self._journal = Journal(root / "journal.sqlite", self.bridge.clock)
        except JournalError as error:
            raise StartError(f"visit_scheduler: {error}") from None
        conditions = self.robot.conditions
        self._day = Day(self.robot.zone(), conditions.from_hour, conditions.to_hour)
        self._box = ActionClient(self, InspectBox, "inspect_box")
        self._hive: ActionClient | None = None  # made for the first visit that needs it
        self._state: VisitState | None = None
        self._work: concurrent.futures.Future[None] | None = None
        self._visits = ""
        self._trouble = ""
        self.diagnostics.add("schedule", self._look)

    def begin(self) -> None:
        self.create_subscription(VisitState, "visit/state", self._take_state, qos.of("visit/state"))
        self._work = self.bridge.start(self._run())

    def _take_state(self, msg: VisitState) -> None:
        self._state = msg

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
                self._trouble = ""
            except (ScheduleStoreError, JournalError) as error:
                self._say(str(error))
            await self.bridge.clock.sleep(LOOK_S)

    async def _follow(self) -> None:
        """Ask for what is due, if frame_extractor is there and free."""
        if self._is_busy() or not self._box.server_is_ready():
            return
        attempts = self._settled()
        dues = due_now(self._schedule.rules(), attempts, self.bridge.clock.utc(), self._day)
        if not dues:
            return
        self._visits = "; ".join(due.rule.what for due in dues)
        self.get_logger().info(f"due: {self._visits}")
        self._note(dues, End.BEGUN, "")
        try:
            end, text = await self._visit(boxes_of(dues, self.robot.hive.boxes))
        finally:
            self._visits = ""
        self._note(dues, end, text)
        self.get_logger().info(f"{end.value}: {text or 'closed and safe'}")

    def _is_busy(self) -> bool:
        """Whether a job runs, as frame_extractor says twice a second while one does."""
        state = self._state
        if state is None or not state.is_busy:
            return False
        return self.bridge.clock.now_s() - conversions.stamp_s(state.header.stamp) < SILENT_S

    def _settled(self) -> list[Attempt]:
        """All attempts. One that was begun by a scheduler that has ended is given the end that the journal tells."""
        attempts = self._schedule.attempts()
        for begun in unfinished(attempts):
            entry = self._journal.last_visit(self.robot.hive.name)
            was_visited = entry is not None and entry.written_utc >= begun.at_utc
            end = End.VISITED if was_visited else End.REFUSED
            text = "as the journal tells" if was_visited else "asked for, but nothing was opened"
            self._schedule.note(Attempt(begun.rule, begun.at_utc, begun.day, end, text))
        return self._schedule.attempts()

    def _note(self, dues: list[Due], end: End, text: str) -> None:
        now = self.bridge.clock.utc()
        for due in dues:
            self._schedule.note(Attempt(due.rule.id, now, self._day.local_day(due.at), end, text))

    async def _visit(self, boxes: tuple[int, ...]) -> tuple[End, str]:
        """What came of a visit to these boxes, and why. No override: what conditions forbid stays forbidden."""
        hive = self.robot.hive.name
        client, goal = self._box, InspectBox.Goal(hive=hive, box=boxes[0], by=BY)
        if len(boxes) > 1:
            client, goal = self._client_of_hives(), InspectHive.Goal(hive=hive, boxes=list(boxes), by=BY)
        if not await self._is_served(client):
            return End.BUSY, "frame_extractor does not serve this visit; look at its log"
        try:
            handle = await self.bridge.ask(lambda: client.send_goal_async(goal), ANSWER_S, "frame_extractor")
            if not handle.accepted:
                return End.BUSY, "frame_extractor took no goal; it is busy or ending"
            answer = await self.bridge.ask(handle.get_result_async, VISIT_S, "frame_extractor")
        except TimeoutError as error:
            return End.BUSY, str(error)
        return _end_of(answer.result)

    def _client_of_hives(self) -> ActionClient:
        if self._hive is None:
            self._hive = ActionClient(self, InspectHive, "inspect_hive")
        return self._hive

    async def _is_served(self, client: ActionClient) -> bool:
        until_s = self.bridge.clock.now_s() + ANSWER_S
        while not client.server_is_ready():
            if self.bridge.clock.now_s() > until_s:
                return False
            await pause_wall(0.05)
        return True

    # health

    def _look(self, status: Status) -> None:
        try:
            rules, attempts, now = self._schedule.rules(), self._schedule.attempts(), self.bridge.clock.utc()
        except ScheduleStoreError as error:
            status.error(str(error), "store_full")
            return
        dues = [due for rule in rules if (due := next_due(rule, attempts, now, self._day)) is not None]
        first = min(dues, key=lambda due: due.at, default=None)
        last = attempts[-1] if attempts else None
        status.values |= {
            "rules": len(rules),
            "next": "" if first is None else first.rule.what,
            "next_at": "" if first is None else f"{first.at.astimezone(self._day.zone):%Y-%m-%d %H:%M}",
            "next_why": "" if first is None else first.why,
            "last": "" if last is None else f"{last.end.value}: {last.text}",
        }
        if self._trouble:
            status.error(self._trouble, "store_full")
        elif self._visits:
            status.ok(f"a visit runs: {self._visits}")
        elif first is not None and first.why:
            status.warn(f"{first.rule.what}: {first.why}")
        else:
            status.ok("nothing is scheduled" if first is None else f"next: {status.values['next_at']}")

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self.get_logger().error(trouble)

    # end

    async def end_well(self, because: str) -> None:
        """A visit that runs belongs to frame_extractor; what came of it is looked up at the next start."""
        if self._work is not None:
            self._work.cancel()
            with contextlib.suppress(asyncio.CancelledError, concurrent.futures.CancelledError):
                await asyncio.wrap_future(self._work)

    def close(self) -> None:
        super().close()
        self._journal.close()


def _end_of(result: Any) -> tuple[End, str]:
    """Of a result of InspectBox or InspectHive. A hive that was not opened was not visited, whatever else happened."""
    opened_s = (
        result.open_time if hasattr(result, "open_time") else sum(box.open_time for box in result.boxes)
    )
    text = result.error_msg or result.instruction
    if opened_s <= 0:
        return End.REFUSED, text or "nothing was opened"
    if result.error_code == type(result).HELD:
        return End.HELD, result.instruction or text
    return End.VISITED, text


def main(args: list[str] | None = None) -> int:
    return run_node(VisitScheduler, args)


if __name__ == "__main__":
    sys.exit(main())
