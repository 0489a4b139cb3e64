"""What people say to the job that runs: the service visit/control, judged here, heard by the job's VisitControl.

Anybody may bring a machine to rest; who lets it move again is known by name.
"""

from __future__ import annotations

from typing import Any

from bee_robot.extraction.control import CANCEL, VisitControl
from bee_robot.nodes.job_runner import JobRunner
from bee_robot.nodes.process import BeeNode
from bee_robot_interfaces.srv import VisitControl as VisitControlSrv

WORD = VisitControlSrv.Request
NEED_A_NAME = {WORD.RESUME: "resumes", WORD.ANSWER: "answers"}


class VisitWords:
    """Serves visit/control."""

    def __init__(self, node: BeeNode, runner: JobRunner) -> None:
        self._node, self._runner = node, runner
        group = node.waiting_group  # an answer waits for the loop
        node.create_service(VisitControlSrv, "visit/control", self._take, callback_group=group)

    async def _take(self, request: Any, response: Any) -> Any:
        response.success, response.message = await self._node.bridge.submit(self._heard(request))
        if not response.success:
            self._node.get_logger().warning(f"visit/control {request.command}: {response.message}")
        return response

    async def _heard(self, request: Any) -> tuple[bool, str]:
        """On the loop, as VisitControl wants it."""
        control = self._runner.control
        if control is None:
            return False, "no job runs; there is nothing to say to it"
        if request.command in NEED_A_NAME and not request.by:
            return (
                False,
                f"who {NEED_A_NAME[request.command]}? Give a name: that person lets the machine move",
            )
        says = {
            WORD.PAUSE: _pause,
            WORD.RESUME: _resume,
            WORD.SKIP_FRAME: _skip,
            WORD.STOP_AFTER_FRAME: _stop,
            WORD.STOP_NOW: _stop_now,
            WORD.ANSWER: _answer,
        }.get(request.command)
        if says is None:
            return False, f"unknown command {request.command}; VisitControl.srv has them all"
        return says(control, request)


def because(request: Any) -> str:
    """Who and why, for the record."""
    return f"{request.by or 'somebody'}: {request.because or 'no reason given'}"


def _pause(control: VisitControl, request: Any) -> tuple[bool, str]:
    if control.is_paused:
        return True, f"it is paused already ({control.pause_because})"
    control.pause(because(request))
    return True, "it comes to rest where it may; nothing goes on before somebody resumes"


def _resume(control: VisitControl, request: Any) -> tuple[bool, str]:
    if not control.is_paused:
        return False, "nothing is paused"
    control.resume(request.by)
    return True, "it goes on"


def _skip(control: VisitControl, request: Any) -> tuple[bool, str]:
    control.skip_frame(because(request))
    return True, "the frame in hand goes back into its place without photographs, or the next one is left out"


def _stop(control: VisitControl, request: Any) -> tuple[bool, str]:
    control.request_stop(because(request))
    return True, "the frame in hand is set down, then the hive is closed"


def _stop_now(control: VisitControl, request: Any) -> tuple[bool, str]:
    control.stop_now(because(request))
    return True, "everything stops; look at the hive, then run 'bee recover'"


def _answer(control: VisitControl, request: Any) -> tuple[bool, str]:
    if not control.answer(request.text, request.by):
        return False, "the job asks for nothing now"
    then = (
        "it undoes what it has begun"
        if request.text == CANCEL
        else "it looks whether that can be, and goes on"
    )
    return True, f"heard {request.by}: {request.text or 'done'}; {then}"
