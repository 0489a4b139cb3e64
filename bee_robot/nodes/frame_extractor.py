"""frame_extractor: serves inspect_box; runs the procedure, writes it into store and journal, tells what happens."""

from __future__ import annotations

import asyncio
import math
import sys
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.task import Future

import bee_robot
from bee_robot.alerts import ALERTS
from bee_robot.clock import Clock, pause_wall, wall_s
from bee_robot.cloud.local_store import LocalStore, StoreError
from bee_robot.cloud.records import InspectionStart, LoadSample
from bee_robot.cloud.visit_recorder import VisitRecorder
from bee_robot.devices.tower import Side, TowerError
from bee_robot.extraction.context import Override, RimState, VisitContext, VisitControl
from bee_robot.extraction.journal import Journal, JournalError
from bee_robot.extraction.recovery import ByHand, recover
from bee_robot.extraction.visit import inspect_box
from bee_robot.hive.inspection import EndState, EventKind, VisitEvent, VisitOutcome
from bee_robot.mcu.messages import PROTOCOL_SCHEMA, PROTOCOL_VERSION
from bee_robot.nodes import conversions, qos
from bee_robot.nodes.diagnostics import Status
from bee_robot.nodes.needs import Need, Needs
from bee_robot.nodes.process import BeeNode, StartError, run_node
from bee_robot.nodes.ros_face_capture import RosFaceCapture
from bee_robot.nodes.ros_tower import RosTower
from bee_robot.nodes.visit_conditions import VisitConditions
from bee_robot.rulebook import Violation
from bee_robot_interfaces.action import InspectBox, Recover
from bee_robot_interfaces.msg import InspectionEvent, RuleViolation

READY_S = 30.0
LOOK_S = 20.0
LOADS_PERIOD_S = 0.5
SILENT_CLOCK_S = 20.0  # wall time without a new robot time after which nothing can be ended well any more
FEEDBACK_PERIOD_S = 0.5
# A board has no other version: a session only begins with one that speaks exactly this (bee_robot/mcu/link.py).
FIRMWARE = f"protocol {PROTOCOL_VERSION}, schema {PROTOCOL_SCHEMA:08x}"


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
        self._tower = RosTower(self, self.bridge)
        self._cameras = RosFaceCapture(self, self.bridge)
        self._events = self.create_publisher(
            InspectionEvent, "inspection/events", qos.of("inspection/events")
        )
        self._conditions = VisitConditions(
            self, self.bridge, self.robot, self._tower, self._journal, self.parameter("sim")
        )
        self.create_subscription(
            RuleViolation, "sim/violations", self._take_violation, qos.of("sim/violations")
        )
        self._control: VisitControl | None = None
        self._recorder: VisitRecorder | None = None
        self._is_taken = self._is_ending = False
        self._violations = 0
        self._last: VisitEvent | None = None
        self._outcome: VisitOutcome | None = None
        self._opened_s: float | None = None
        self._open_time_s = 0.0
        self._needs = Needs(
            self,
            [
                Need("tower_driver", "tower/state, tower/move and their kin", self._tower.is_ready),
                Need("frame_cameras", "capture_face", self._cameras.is_ready),
            ],
        )
        self.diagnostics.add("visit", self._look_at_visit)
        self.diagnostics.add("conditions", self._conditions.look)
        self.diagnostics.add("needs", self._needs.look)

    def begin(self) -> None:
        self._server = ActionServer(
            self,
            InspectBox,
            "inspect_box",
            self._inspect,
            goal_callback=self._take_goal,
            cancel_callback=self._take_cancel,
        )
        self._recover_server = ActionServer(
            self, Recover, "recover", self._recover, goal_callback=self._take_recover_goal
        )

    # what comes in

    def _take_violation(self, msg: RuleViolation) -> None:
        self._violations += 1
        if self._recorder is not None:
            stamp_s = conversions.stamp_s(msg.header.stamp)
            self._recorder.take_violation(
                Violation(msg.rule, stamp_s, msg.where, msg.value, msg.limit, msg.says)
            )

    def _take_goal(self, goal: Any) -> GoalResponse:
        """One visit at a time, of a box that is there."""
        is_known = goal.hive in ("", self.robot.hive.name) and 1 <= goal.box <= self.robot.hive.boxes
        if self._is_taken or self._is_ending or not is_known:
            self.get_logger().warning(
                f"goal refused: box {goal.box} of hive {goal.hive!r}, busy {self._is_taken}"
            )
            return GoalResponse.REJECT
        self._take()
        return GoalResponse.ACCEPT

    def _take(self) -> None:
        """From now on a stop that is asked for reaches the procedure, also before it has begun."""
        self._is_taken, self._control = True, VisitControl()

    def _free(self) -> None:
        self._is_taken, self._control = False, None

    def _take_cancel(self, _: Any) -> CancelResponse:
        self.bridge.call_soon(self._request_stop, "a person asked for it")
        return CancelResponse.ACCEPT

    def _request_stop(self, because: str) -> None:
        if self._control is not None:
            self._control.request_stop(because)

    # the visit

    async def _inspect(self, goal_handle: Any) -> InspectBox.Result:
        try:
            visit = self.bridge.submit(self._visit(goal_handle.request, goal_handle.publish_feedback))
            result = await visit
        except Exception as error:  # noqa: BLE001 - a visit always ends with a result
            result = InspectBox.Result(
                error_code=InspectBox.Result.HELD, end_state="held", **self._fault(error)
            )
        finally:
            self._free()
        if result.error_code == InspectBox.Result.NONE and not goal_handle.is_cancel_requested:
            goal_handle.succeed()
        elif goal_handle.is_cancel_requested:
            goal_handle.canceled()
        else:
            goal_handle.abort()
        return result

    async def _visit(self, goal: Any, publish_feedback: Any) -> InspectBox.Result:
        try:
            await self._wait_ready()
            recorder = VisitRecorder.begin(
                self._store, self._start(goal), self.bridge.clock, self._tell_trouble
            )
        except (TowerError, StoreError, JournalError) as error:
            return InspectBox.Result(
                error_code=InspectBox.Result.REFUSED, error_msg=str(error), end_state="closed"
            )
        is_overridden = goal.override_by or goal.override_reason
        override = Override(goal.override_by, goal.override_reason) if is_overridden else None
        feedback = asyncio.ensure_future(self._feed_back(publish_feedback))
        try:
            outcome = await self._procedure(
                recorder, lambda context: inspect_box(context, goal.box, override, recorder.inspection)
            )
        finally:
            feedback.cancel()
        return self._result(outcome)

    async def _procedure(
        self, recorder: VisitRecorder | None, work: Callable[[VisitContext], Awaitable[VisitOutcome]]
    ) -> VisitOutcome:
        """Run a procedure; what happens goes into the store as it happens."""
        self._violations, self._opened_s, self._open_time_s = 0, None, 0.0
        self._recorder = recorder
        loads = asyncio.ensure_future(self._record_loads())
        self._conditions.begin()
        try:
            outcome = self._outcome = await work(self._visit_context())
            if recorder is not None:
                recorder.end(outcome)
            return outcome
        finally:
            loads.cancel()
            await self._conditions.end()
            self._recorder = None

    # recovery

    def _take_recover_goal(self, _: Any) -> GoalResponse:
        if self._is_taken or self._is_ending:
            return GoalResponse.REJECT
        self._take()
        return GoalResponse.ACCEPT

    async def _recover(self, goal_handle: Any) -> Recover.Result:
        try:
            result = await self.bridge.submit(self._recovery(goal_handle.request))
        except Exception as error:  # noqa: BLE001 - a recovery always ends with a result
            result = Recover.Result(error_code=Recover.Result.HELD, end_state="held", **self._fault(error))
        finally:
            self._free()
        if result.error_code == Recover.Result.NONE:
            goal_handle.succeed()
        else:
            goal_handle.abort()
        return result

    async def _recovery(self, goal: Any) -> Recover.Result:
        is_by_hand = goal.frame_is_off or goal.hive_is_clear
        if is_by_hand and not goal.by:
            because = "who did it by hand? give a name"
            return Recover.Result(error_code=Recover.Result.REFUSED, error_msg=because, end_state="held")
        by_hand = ByHand(goal.by, goal.frame_is_off, goal.hive_is_clear) if is_by_hand else None
        try:
            await self._wait_ready()
            outcome = await self._procedure(
                self._recorder_of_last_visit(), lambda context: recover(context, by_hand)
            )
        except (TowerError, JournalError) as error:
            return Recover.Result(error_code=Recover.Result.REFUSED, error_msg=str(error), end_state="held")
        is_closed = outcome.end_state is EndState.CLOSED
        return Recover.Result(
            error_code=Recover.Result.NONE if is_closed else Recover.Result.HELD,
            error_msg=outcome.explanation,
            inspection=outcome.inspection,
            end_state=outcome.end_state.value,
            instruction=outcome.instruction,
        )

    def _recorder_of_last_visit(self) -> VisitRecorder | None:
        """The store's inspection that the journal ends with; None where the store does not know it."""
        entry = self._journal.last()
        if entry is None or not entry.inspection:
            return None
        try:
            return VisitRecorder.resume(self._store, entry.inspection, self.bridge.clock, self._tell_trouble)
        except StoreError as error:
            self.get_logger().warning(f"recovery is not recorded with its visit: {error}")
            return None

    def _fault(self, error: Exception) -> dict[str, str]:
        """What is said when our own code failed: nobody knows better than a person who looks."""
        self.get_logger().error("".join(traceback.format_exception(type(error), error, error.__traceback__)))
        return {
            "error_msg": f"fault in the software: {error!r}",
            "instruction": "Look at the hive; then run 'bee recover'. The log of frame_extractor has the details.",
        }

    async def _wait_ready(self) -> None:
        """Until driver and cameras answer. Raises TowerError after READY_S of wall time, or when a stop is asked for."""
        missing = await self._needs.wait(READY_S, self._stop_asked)
        if self._stop_asked() and self._control is not None:
            raise TowerError(f"nothing was begun: {self._control.stop_because}")
        if missing:
            raise TowerError(missing, "link_lost")

    def _stop_asked(self) -> bool:
        return self._control is not None and bool(self._control.stop_because)

    def _start(self, goal: Any) -> InspectionStart:
        hive, visit = self.robot.hive, self.robot.visit
        return InspectionStart(
            robot=self.robot.robot,
            hive=hive.name,
            box=goal.box,
            frames_total=hive.box(goal.box).frames_per_box,
            started_utc=self.bridge.clock.utc(),
            started_s=self.bridge.clock.now_s(),
            hive_standard=hive.standard,
            hive_boxes=hive.boxes,
            open_planned_max_s=visit.open_planned_max_s,
            open_close_at_s=visit.open_close_at_s,
            software_version=bee_robot.__version__,
            firmware_version=FIRMWARE,
            configuration_checksum=self.robot.checksum(),
            utc_offset_hours=self.robot.utc_offset_hours(self.bridge.clock.utc()),
            is_simulated=self.parameter("sim"),
            conditions=self._conditions.for_the_record(),
            override_by=goal.override_by,
            override_reason=goal.override_reason,
        )

    def _visit_context(self) -> VisitContext:
        assert self._control is not None
        return VisitContext(
            robot=self.robot,
            tower=self._tower,
            cameras=self._cameras,
            clock=self.bridge.clock,
            journal=self._journal,
            events=self._tell,
            control=self._control,
            look=RimWait(self.bridge.clock),
            reasons_against=self._conditions.reasons_against,
            weather_turned=self._conditions.weather_turned,
            prepare=self._conditions.prepare,
            overridden=self._conditions.overridden,
        )

    # what goes out

    def _tell(self, event: VisitEvent) -> None:
        """Into the store first, then to whoever listens."""
        self._last = event
        if event.kind is EventKind.OPENED:
            self._opened_s = event.t_s
        elif event.kind is EventKind.CLOSED and self._opened_s is not None:
            self._open_time_s, self._opened_s = event.t_s - self._opened_s, None
        if self._recorder is not None:
            self._recorder.take_event(event)
        inspection = self._recorder.inspection if self._recorder is not None else ""
        self._events.publish(conversions.event_to_msg(event, inspection))

    async def _record_loads(self) -> None:
        while True:
            try:
                state = self._tower.state
            except TowerError:
                state = None  # no fresh state: nothing to record; the procedure itself deals with the silence
            if state is not None and self._recorder is not None:
                loads_kg = state.loads_kg
                self._recorder.take_loads(
                    LoadSample(state.stamp_s, loads_kg[Side.LEFT], loads_kg[Side.RIGHT])
                )
            await self.bridge.clock.sleep(LOADS_PERIOD_S)

    def _tell_trouble(self, text: str) -> None:
        self.get_logger().error(f"{ALERTS['store_full']} ({text})")

    async def _feed_back(self, publish_feedback: Any) -> None:
        while True:
            event = self._last
            if event is not None:
                open_s = (
                    self._open_time_s
                    if self._opened_s is None
                    else self.bridge.clock.now_s() - self._opened_s
                )
                publish_feedback(
                    InspectBox.Feedback(
                        phase=event.phase.value,
                        frame=event.frame,
                        frames_total=event.frames_total,
                        open_time=open_s,
                        open_limit=self.robot.visit.open_planned_max_s,
                        text=event.text,
                    )
                )
            await self.bridge.clock.sleep(FEEDBACK_PERIOD_S)

    def _result(self, outcome: VisitOutcome) -> InspectBox.Result:
        code = InspectBox.Result.NONE if outcome.end_state is EndState.CLOSED else InspectBox.Result.HELD
        if outcome.refusals:
            code = InspectBox.Result.REFUSED
        return InspectBox.Result(
            error_code=code,
            error_msg="; ".join(outcome.refusals) or outcome.explanation,
            inspection=outcome.inspection,
            end_state=outcome.end_state.value,
            instruction=outcome.instruction,
            frames_inspected=outcome.frames_inspected,
            faces=outcome.faces,
            open_time=float(outcome.open_time_s),
            visit_time=float(outcome.visit_time_s),
            rule_violations=self._violations,
        )

    # health

    def _look_at_visit(self, status: Status) -> None:
        try:
            entry = self._journal.last()
        except JournalError as error:
            status.error(str(error), "store_full")
            return
        event, outcome = self._last, self._outcome
        status.values |= {
            "is_busy": self._is_taken,
            "phase": event.phase.value if event is not None and self._is_taken else "",
            "frame": event.frame if event is not None and self._is_taken else 0,
            "journal": "" if entry is None else f"box {entry.box} of {entry.hive}: {entry.step}",
            "is_closed": entry is None or entry.is_closed,
            "rules_broken": self._violations,
            "last_end_state": "" if outcome is None else outcome.end_state.value,
            "last_inspection": "" if outcome is None else outcome.inspection,
        }
        if self._is_taken:
            status.ok(event.text if event is not None else "a visit begins")
        elif entry is not None and not entry.is_closed:
            status.error(
                f"box {entry.box} of {entry.hive} is open (last step: {entry.step}); run 'bee recover'"
            )
        else:
            status.ok("no hive is open")

    # end

    async def end_well(self, because: str) -> None:
        """A visit that runs sets its frame down and closes the hive first."""
        self._is_ending = True
        self._request_stop(f"this robot is being ended ({because})")
        clock, robot_s, since_wall_s = self.bridge.clock, -math.inf, wall_s()
        while self._is_taken:
            await pause_wall(0.05)
            if clock.now_s() != robot_s:
                robot_s, since_wall_s = clock.now_s(), wall_s()
            elif wall_s() - since_wall_s > SILENT_CLOCK_S and self._control is not None:
                self._control.stop_now("robot time stands still: the simulation is gone")
                return

    def stop_now(self, because: str) -> Future:
        return self.bridge.submit(self._stop_and_say(because))

    async def _stop_and_say(self, because: str) -> str:
        """Stop the procedure, wait until it has ended, and say what the journal knows."""
        if self._control is not None:
            self._control.stop_now(because)
        while self._is_taken:
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


class RimWait:
    """No rim cameras yet: nobody looks, but the bees get the time that a look would take."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, box: int) -> RimState:
        await self._clock.sleep(LOOK_S)
        return RimState.UNKNOWN


def main(args: list[str] | None = None) -> int:
    return run_node(FrameExtractor, args)


if __name__ == "__main__":
    sys.exit(main())
