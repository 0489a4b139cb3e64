"""frame_extractor: serves the jobs at the hive (job_table.py), one at a time, and takes people's words to the one that runs."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.task import Future

from bee_robot.clock import pause_wall, wall_s
from bee_robot.cloud.local_store import LocalStore, StoreError
from bee_robot.devices.tower import TowerError
from bee_robot.extraction.findings import findings
from bee_robot.extraction.journal import Journal, JournalError
from bee_robot.nodes import job_messages
from bee_robot.nodes.diagnostics import Status
from bee_robot.nodes.job_messages import HELD, NONE, REFUSED
from bee_robot.nodes.job_runner import JobRunner
from bee_robot.nodes.job_table import JOBS, NOT_BEGUN, JobKind
from bee_robot.nodes.process import BeeNode, StartError, run_node
from bee_robot.nodes.visit_words import VisitWords

SILENT_CLOCK_S = 20.0  # wall time without a new robot time after which nothing can be ended well any more


class FrameExtractor(BeeNode):
    """See module; its parameters are in parameters.py."""

    def __init__(self, **options: Any) -> None:
        super().__init__("frame_extractor", **options)
        root = Path(self.parameter("store"))
        try:
            self._store = LocalStore.open(root, clock=self.bridge.clock)
            self._journal = Journal(root / "journal.sqlite", self.bridge.clock)
        except (StoreError, JournalError) as error:
            raise StartError(f"frame_extractor: {error}") from None
        self.runner = JobRunner(self, self._store, self._journal)
        self._is_ending = False
        self._goal: Any = None
        self._told_entry = 0
        self.diagnostics.add("visit", self._look_at_visit)
        self.diagnostics.add("conditions", self.runner.conditions.look)
        self.diagnostics.add("needs", self.runner.needs.look)

    def begin(self) -> None:
        self._servers = [self._serve(kind) for kind in JOBS]
        self._words = VisitWords(self, self.runner)
        self.bridge.call_soon(self.runner.tell)

    def _serve(self, kind: JobKind) -> ActionServer:
        async def execute(goal_handle: Any) -> Any:
            return await self._execute(kind, goal_handle)

        return ActionServer(
            self,
            kind.action,
            kind.name,
            execute,
            # a goal is never rejected: the protocol has no words for it. It ends refused, with the reason
            goal_callback=lambda _: GoalResponse.ACCEPT,
            cancel_callback=self._take_cancel,
        )

    # goals

    async def _execute(self, kind: JobKind, goal_handle: Any) -> Any:
        goal = goal_handle.request
        against = "this robot is being ended" if self._is_ending else kind.against(goal, self.robot)
        against = against or self.runner.take(kind.job(goal))
        if against:
            self.get_logger().warning(f"{kind.name} refused: {against}")
            goal_handle.abort()
            return job_messages.filled(kind.action.Result, {"error_code": REFUSED, "error_msg": against})
        self._goal = goal_handle
        if goal_handle.is_cancel_requested:
            self.runner.request_stop("a person asked for it")
        values: dict[str, Any] = {"error_code": HELD, "end_state": "held"}
        try:
            values = await self.bridge.submit(self._run(kind, goal_handle))
        except Exception as error:  # noqa: BLE001 - a job always ends with a result
            values |= self.runner.fault(error)
        finally:
            self._goal = None
            self.runner.free(values.get("end_state", ""), values.get("instruction", ""))
        if values["error_code"] == NONE and not goal_handle.is_cancel_requested:
            goal_handle.succeed()
        elif goal_handle.is_cancel_requested:
            goal_handle.canceled()
        else:
            goal_handle.abort()
        return job_messages.filled(kind.action.Result, values)

    async def _run(self, kind: JobKind, goal_handle: Any) -> dict[str, Any]:
        """The fields of the result."""
        goal, runner = goal_handle.request, self.runner
        try:
            await runner.wait_ready()
            outcome = await runner.run(
                lambda context: kind.work(runner, goal, context),
                lambda progress: goal_handle.publish_feedback(
                    job_messages.feedback(kind.action.Feedback, progress)
                ),
            )
        except NOT_BEGUN as error:
            return {"error_code": REFUSED, "error_msg": str(error), "end_state": kind.end_if_not_begun.value}
        return {**kind.answer(outcome), "rule_violations": runner.violations}

    def _take_cancel(self, goal_handle: Any) -> CancelResponse:
        """One that has not begun yet finds its cancel request when it does."""
        running = self._goal
        if running is not None and bytes(running.goal_id.uuid) == bytes(goal_handle.goal_id.uuid):
            self.bridge.call_soon(self.runner.request_stop, "a person asked for it")
        return CancelResponse.ACCEPT

    # health

    def _look_at_visit(self, status: Status) -> None:
        try:
            entry = self._journal.last()
        except JournalError as error:
            status.error(str(error), "store_full")
            return
        runner = self.runner
        event, outcome = runner.last_event, runner.last_outcome
        status.values |= {
            "is_busy": runner.is_busy,
            "job": runner.job.says if runner.job is not None and runner.is_busy else "",
            "phase": event.phase.value if event is not None and runner.is_busy else "",
            "frame": event.frame if event is not None and runner.is_busy else 0,
            "journal": "" if entry is None else f"box {entry.box} of {entry.hive}: {entry.step}",
            "is_closed": entry is None or entry.is_closed,
            "rules_broken": runner.violations,
            "last_end_state": "" if outcome is None else outcome.end_state.value,
            "last_inspection": "" if outcome is None else outcome.inspection,
        }
        if runner.is_busy:
            status.ok(event.text if event is not None else "a visit begins")
        elif entry is not None and not entry.is_closed:
            status.error(self._what_was_left(entry.id), "left_open")
        else:
            status.ok("no hive is open")

    def _what_was_left(self, number: int) -> str:
        """What journal and sensors say of a hive that stands open. Nothing moves by itself; the log has it once for each
        last entry of the journal."""
        try:
            state = self.runner.tower.state
        except TowerError:
            state = None
        found = findings(self.robot, self._journal, state)
        if state is not None and number != self._told_entry:
            self._told_entry = number
            self.get_logger().warning(found)
        return found

    # end

    async def end_well(self, because: str) -> None:
        """A job that runs sets its frame down and closes the hive first."""
        self._is_ending = True
        self.runner.request_stop(f"this robot is being ended ({because})")
        clock, robot_s, since_wall_s = self.bridge.clock, -math.inf, wall_s()
        while self.runner.is_busy:
            await pause_wall(0.05)
            if clock.now_s() != robot_s:
                robot_s, since_wall_s = clock.now_s(), wall_s()
            elif wall_s() - since_wall_s > SILENT_CLOCK_S and self.runner.control is not None:
                self.runner.control.stop_now("robot time stands still: the simulation is gone")
                return

    def stop_now(self, because: str) -> Future:
        return self.bridge.submit(self._stop_and_say(because))

    async def _stop_and_say(self, because: str) -> str:
        """Stop the job, wait until it has ended, and say what the journal knows."""
        if self.runner.control is not None:
            self.runner.control.stop_now(because)
        while self.runner.is_busy:
            await pause_wall(0.02)
        try:
            entry = self._journal.last()
        except JournalError as error:
            return str(error)
        if entry is None or entry.is_closed:
            return "No hive is open."
        return f"Box {entry.box} of {entry.hive} is open (last step: {entry.step}); run 'bee recover' to close it."

    def close(self) -> None:
        super().close()
        self._journal.close()
        self._store.close()


def main(args: list[str] | None = None) -> int:
    return run_node(FrameExtractor, args)


if __name__ == "__main__":
    sys.exit(main())
