"""Domain objects of the tower <-> ROS messages. Inside: mm, degrees; on the graph: metres, radians (REP 103)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from builtin_interfaces.msg import Time
from sensor_msgs.msg import JointState

from bee_robot.devices.tower import (
    Axis,
    AxisMove,
    AxisState,
    BoardState,
    Guard,
    GuardKind,
    GuardTrip,
    Input,
    Latched,
    MotionEnd,
    MotionProgramme,
    MotionResult,
    Output,
    OutputEvent,
    OutputStamp,
    ReferenceFound,
    Segment,
    Servo,
    Side,
    Stamp,
    TowerState,
)
from bee_robot.hive.inspection import EventKind, Phase, VisitEvent
from bee_robot_interfaces.action import MoveTower
from bee_robot_interfaces.msg import AxisMove as AxisMoveMsg
from bee_robot_interfaces.msg import AxisState as AxisStateMsg
from bee_robot_interfaces.msg import BoardStamp as BoardStampMsg
from bee_robot_interfaces.msg import Guard as GuardMsg
from bee_robot_interfaces.msg import GuardTrip as GuardTripMsg
from bee_robot_interfaces.msg import InspectionEvent
from bee_robot_interfaces.msg import Latched as LatchedMsg
from bee_robot_interfaces.msg import OutputEvent as OutputEventMsg
from bee_robot_interfaces.msg import OutputStamp as OutputStampMsg
from bee_robot_interfaces.msg import ReferenceFound as ReferenceFoundMsg
from bee_robot_interfaces.msg import Segment as SegmentMsg
from bee_robot_interfaces.msg import ServoMove as ServoMoveMsg
from bee_robot_interfaces.msg import TowerState as TowerStateMsg

ERROR_OF_END = {
    MotionEnd.DONE: MoveTower.Result.NONE,
    MotionEnd.REFUSED: MoveTower.Result.REFUSED,
    MotionEnd.GUARD: MoveTower.Result.GUARD,
    MotionEnd.STOPPED: MoveTower.Result.STOPPED,
}
END_OF_ERROR = {code: end for end, code in ERROR_OF_END.items()}


def stamp_s(stamp: Any) -> float:
    return float(stamp.sec) + stamp.nanosec * 1e-9


def to_stamp(time_s: float) -> Time:
    """Seconds of robot time -> builtin_interfaces/Time."""
    nanoseconds = max(0, round(time_s * 1e9))
    return Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def joint_state(state: TowerState) -> JointState:
    """Prismatic joints of the six axes in metres, then the servos in radians; names as in the URDF.

    A servo that was not commanded since the board's power-on has no known angle (nan) and is left out.
    """
    servos = {servo: math.radians(deg) for servo, deg in state.servos_deg.items() if math.isfinite(deg)}
    msg = JointState(
        name=[axis.value for axis in state.axes] + [servo.value for servo in servos],
        position=[float(s.position_mm) / 1000.0 for s in state.axes.values()] + list(servos.values()),
        velocity=[float(s.speed_mm_s) / 1000.0 for s in state.axes.values()] + [0.0] * len(servos),
    )
    msg.header.stamp = to_stamp(state.stamp_s)
    return msg


def _metres(positions_mm: Mapping[Axis, float]) -> tuple[list[str], list[float]]:
    return [axis.value for axis in positions_mm], [float(value) / 1000.0 for value in positions_mm.values()]


def _millimetres(axes: Any, positions: Any) -> dict[Axis, float]:
    return {Axis(axis): position * 1000.0 for axis, position in zip(axes, positions)}


def guard_to_msg(guard: Guard) -> GuardMsg:
    return GuardMsg(
        kind=guard.kind.value,
        side=guard.side.value if guard.side else "",
        threshold=float(guard.threshold_kg),
        rate=float(guard.rate_kg_s),
        end_stop=guard.end_stop.value if guard.end_stop else "",
        is_fault=guard.is_fault,
        axis=guard.axis.value if guard.axis else "",
        above=float(guard.above_mm or 0.0) / 1000.0,
    )


def guard_from_msg(msg: GuardMsg) -> Guard:
    return Guard(
        kind=GuardKind(msg.kind),
        side=Side(msg.side) if msg.side else None,
        threshold_kg=msg.threshold,
        rate_kg_s=msg.rate,
        end_stop=Axis(msg.end_stop) if msg.end_stop else None,
        is_fault=msg.is_fault,
        axis=Axis(msg.axis) if msg.axis else None,
        above_mm=msg.above * 1000.0 if msg.axis else None,
    )


def output_to_msg(event: OutputEvent) -> OutputEventMsg:
    return OutputEventMsg(
        output=event.output.value,
        value=float(event.value),
        axis=event.axis.value if event.axis else "",
        at=float(event.at_mm or 0.0) / 1000.0,
    )


def output_from_msg(msg: OutputEventMsg) -> OutputEvent:
    if not msg.axis:
        return OutputEvent(Output(msg.output), msg.value)
    return OutputEvent(Output(msg.output), msg.value, Axis(msg.axis), msg.at * 1000.0)


def segment_to_msg(segment: Segment) -> SegmentMsg:
    return SegmentMsg(
        name=segment.name,
        axes=[
            AxisMoveMsg(
                axis=axis.value,
                position=move.position_mm / 1000.0,
                max_speed=move.speed_mm_s / 1000.0,
                max_acceleration=move.acceleration_mm_s2 / 1000.0,
            )
            for axis, move in segment.axes.items()
        ],
        servos=[
            ServoMoveMsg(servo=s.value, angle=math.radians(deg)) for s, deg in segment.servos_deg.items()
        ],
        guards=[guard_to_msg(guard) for guard in segment.guards],
        latches=[latch.value for latch in segment.latches],
        outputs=[output_to_msg(event) for event in segment.outputs],
        dwell=float(segment.dwell_s),
    )


def segment_from_msg(msg: SegmentMsg) -> Segment:
    """Raises ValueError where a name is not of this machine."""
    return Segment(
        name=msg.name,
        axes={
            Axis(move.axis): AxisMove(
                move.position * 1000.0, move.max_speed * 1000.0, move.max_acceleration * 1000.0
            )
            for move in msg.axes
        },
        servos_deg={Servo(move.servo): math.degrees(move.angle) for move in msg.servos},
        guards=tuple(guard_from_msg(guard) for guard in msg.guards),
        latches=tuple(Input(name) for name in msg.latches),
        outputs=tuple(output_from_msg(event) for event in msg.outputs),
        dwell_s=msg.dwell,
    )


def programme_to_goal(programme: MotionProgramme) -> MoveTower.Goal:
    return MoveTower.Goal(name=programme.name, segments=[segment_to_msg(s) for s in programme.segments])


def programme_from_goal(goal: MoveTower.Goal) -> MotionProgramme:
    return MotionProgramme(goal.name, tuple(segment_from_msg(s) for s in goal.segments))


def board_stamp_to_msg(stamp: Stamp) -> BoardStampMsg:
    return BoardStampMsg(
        stamp=to_stamp(stamp.time_s),
        uncertainty=float(stamp.uncertainty_s),
        board_time=float(stamp.board_s),
    )


def board_stamp_from_msg(msg: BoardStampMsg) -> Stamp:
    return Stamp(stamp_s(msg.stamp), msg.uncertainty, msg.board_time)


def latched_to_msg(latched: Latched) -> LatchedMsg:
    axes, positions = _metres(latched.positions_mm)
    return LatchedMsg(
        input=latched.input.value,
        is_rising=latched.is_rising,
        axes=axes,
        positions=positions,
        stamp=board_stamp_to_msg(latched.stamp),
    )


def output_stamp_to_msg(seen: OutputStamp) -> OutputStampMsg:
    axes, positions = _metres(seen.positions_mm)
    return OutputStampMsg(
        segment=seen.segment_index,
        output=seen.output.value,
        axes=axes,
        positions=positions,
        stamp=board_stamp_to_msg(seen.stamp),
    )


def output_stamp_from_msg(msg: OutputStampMsg) -> OutputStamp:
    positions_mm = _millimetres(msg.axes, msg.positions)
    return OutputStamp(msg.segment, Output(msg.output), positions_mm, board_stamp_from_msg(msg.stamp))


def reference_to_msg(found: ReferenceFound) -> ReferenceFoundMsg:
    return ReferenceFoundMsg(
        axis=found.axis.value,
        found=float(found.found_mm) / 1000.0,
        was_referenced=found.expected_mm is not None,
        expected=float(found.expected_mm or 0.0) / 1000.0,
    )


def reference_from_msg(msg: ReferenceFoundMsg) -> ReferenceFound:
    expected_mm = msg.expected * 1000.0 if msg.was_referenced else None
    return ReferenceFound(Axis(msg.axis), msg.found * 1000.0, expected_mm)


def trip_to_msg(trip: GuardTrip) -> GuardTripMsg:
    axes, positions = _metres(trip.positions_mm)
    return GuardTripMsg(
        segment=trip.segment_index,
        guard=guard_to_msg(trip.guard),
        load=float(trip.load_kg),
        axes=axes,
        positions=positions,
    )


def result_to_msg(result: MotionResult) -> MoveTower.Result:
    axes, positions = _metres(result.positions_mm)
    return MoveTower.Result(
        error_code=ERROR_OF_END[result.end],
        error_msg=result.reason,
        alert=result.alert,
        segments_done=result.segments_done,
        axes=axes,
        positions=positions,
        latched=[latched_to_msg(latched) for latched in result.latched],
        trips=[trip_to_msg(trip) for trip in result.trips],
        outputs=[output_stamp_to_msg(seen) for seen in result.outputs],
    )


def result_from_msg(msg: MoveTower.Result) -> MotionResult:
    return MotionResult(
        end=END_OF_ERROR[msg.error_code],
        segments_done=msg.segments_done,
        positions_mm=_millimetres(msg.axes, msg.positions),
        latched=tuple(
            Latched(
                Input(item.input),
                item.is_rising,
                _millimetres(item.axes, item.positions),
                board_stamp_from_msg(item.stamp),
            )
            for item in msg.latched
        ),
        trips=tuple(
            GuardTrip(
                item.segment, guard_from_msg(item.guard), _millimetres(item.axes, item.positions), item.load
            )
            for item in msg.trips
        ),
        reason=msg.error_msg,
        alert=msg.alert,
        outputs=tuple(output_stamp_from_msg(item) for item in msg.outputs),
    )


def tower_state_to_msg(state: TowerState, stamp: Any, configuration_checksum: int) -> TowerStateMsg:
    msg = TowerStateMsg(
        board=state.board.value,
        axes=[
            AxisStateMsg(
                axis=axis.value,
                position=float(s.position_mm) / 1000.0,
                speed=float(s.speed_mm_s) / 1000.0,
                is_referenced=bool(s.is_referenced),
                at_end_stop=bool(s.at_end_stop),
            )
            for axis, s in state.axes.items()
        ],
        servos=[servo.value for servo in state.servos_deg],
        servo_angles=[math.radians(deg) for deg in state.servos_deg.values()],
        inputs=[item.value for item in state.inputs],
        input_values=[bool(value) for value in state.inputs.values()],
        outputs=[item.value for item in state.outputs],
        output_values=[float(value) for value in state.outputs.values()],
        load_left=float(state.loads_kg[Side.LEFT]),
        load_right=float(state.loads_kg[Side.RIGHT]),
        stop_reason=state.stop_reason,
        lease_holder=state.lease_holder,
        configuration_checksum=configuration_checksum,
        link_errors=state.link_errors,
        link_round_trip=float(state.link_round_trip_ms) / 1000.0,
    )
    msg.header.stamp = stamp
    return msg


def tower_state_from_msg(msg: TowerStateMsg) -> TowerState:
    return TowerState(
        stamp_s=stamp_s(msg.header.stamp),
        board=BoardState(msg.board),
        axes={
            Axis(a.axis): AxisState(a.position * 1000.0, a.speed * 1000.0, a.is_referenced, a.at_end_stop)
            for a in msg.axes
        },
        servos_deg={Servo(name): math.degrees(angle) for name, angle in zip(msg.servos, msg.servo_angles)},
        inputs={Input(name): value for name, value in zip(msg.inputs, msg.input_values)},
        outputs={Output(name): value for name, value in zip(msg.outputs, msg.output_values)},
        loads_kg={Side.LEFT: msg.load_left, Side.RIGHT: msg.load_right},
        stop_reason=msg.stop_reason,
        lease_holder=msg.lease_holder,
        link_errors=msg.link_errors,
        link_round_trip_ms=msg.link_round_trip * 1000.0,
    )


def event_to_msg(event: VisitEvent, inspection: str) -> InspectionEvent:
    msg = InspectionEvent(
        inspection=inspection,
        kind=event.kind.value,
        phase=event.phase.value,
        frame=event.frame,
        frames_total=event.frames_total,
        text=event.text,
        data=json.dumps(dict(event.data), sort_keys=True),
    )
    msg.header.stamp = to_stamp(event.t_s)
    return msg


def event_from_msg(msg: InspectionEvent) -> VisitEvent:
    return VisitEvent(
        t_s=stamp_s(msg.header.stamp),
        kind=EventKind(msg.kind),
        phase=Phase(msg.phase),
        frame=msg.frame,
        frames_total=msg.frames_total,
        text=msg.text,
        data=json.loads(msg.data) if msg.data else {},
    )
