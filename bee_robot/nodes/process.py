"""How every node's process begins and ends.

SIGINT and SIGTERM mean "end well, then exit"; a second one means "stop at once and say what is still open". A node class
offers `async end_well(because)` and `stop_now(because) -> str`; both may be missing.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from bee_robot.clock import FollowedClock, wall_s
from bee_robot.configuration import ConfigurationError, RobotConfiguration, load
from bee_robot.nodes import parameters
from bee_robot.nodes.asyncio_bridge import AsyncioBridge
from bee_robot.nodes.diagnostics import Diagnostics
from bee_robot.nodes.taken_name import EXIT_NAME_TAKEN, NameTakenError, refuse_taken_name
from bee_robot.sim.weather import simulated_noon

GIL_SWITCH_S = 0.0005  # the thread that renews a lease must not wait 5 ms for one that computes
REPEAT_S = 0.5
STOP_WALL_S = 3.0
EXIT_BAD_INPUT = 2


class StartError(Exception):
    """A node cannot start. One line: what, where, what to do."""


class BeeNode(Node):
    """A node with its parameters, robot file, asyncio loop, robot clock and diagnostics.

    `kind` names its table of parameters and is its name unless it is remapped. Subclasses set `is_finished` when they have
    ended by themselves, and `end_because` to be ended as by SIGTERM.
    """

    def __init__(self, kind: str, **options: Any) -> None:
        super().__init__(kind, automatically_declare_parameters_from_overrides=True, **options)
        table = parameters.table_of(kind)
        try:
            parameters.declare(self, table)
            self.robot: RobotConfiguration = self.load_robot()
        except (parameters.ParameterError, ConfigurationError) as error:
            says = f"{self.get_name()}: {error}"
            self.destroy_node()  # nobody else will: there is no node to speak of
            raise StartError(says) from None
        parameters.guard_changes(self, table, self.why_no_change)
        self.bridge = AsyncioBridge(self)
        if isinstance(self.bridge.clock, FollowedClock):
            self.bridge.clock.set_calendar(simulated_noon(self.robot, self.parameter("day")))
        # For callbacks that wait for something: in the default group, clock and answers would wait for them.
        self.waiting_group = ReentrantCallbackGroup()
        self.diagnostics = Diagnostics(self, self.robot.robot)
        self.is_finished = False
        self.end_because = ""
        self.exit_code = 0

    def load_robot(self) -> RobotConfiguration:
        """The robot file as it is now. Raises ConfigurationError."""
        return load(self.parameter("robot_file"))

    def parameter(self, name: str) -> Any:
        """The value of a parameter of this node's table, of the type that the table says."""
        return self.get_parameter(name).value

    def why_no_change(self) -> str:
        """What is in the way of a change of a parameter that may change at times; empty: nothing."""
        return ""

    def stamp(self) -> Any:
        """Robot time as builtin_interfaces/Time."""
        return self.get_clock().now().to_msg()

    def begin(self) -> None:
        """Called once the name is known to be free: open ports, start work."""

    async def end_well(self, because: str) -> None:
        """Finish what must not be left undone."""

    def stop_now(self, because: str) -> Future | None:
        """Stop at once; the future's result says what is still open, for people. None: there is nothing to stop."""
        return None

    def close(self) -> None:
        self.bridge.close()


class _Signals:
    """Counts SIGINT and SIGTERM; the executor's loop looks here between callbacks."""

    def __init__(self) -> None:
        self.count = 0
        self.name = ""
        self._noted_s = -REPEAT_S
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def _note(self, number: int, _: Any) -> None:
        """The same signal again at once is the same press: `ros2 launch` forwards what the process group got already."""
        name, now_s = signal.Signals(number).name, wall_s()
        is_echo = name == self.name and now_s - self._noted_s < REPEAT_S
        self.name, self._noted_s = name, now_s
        if not is_echo:
            self.count += 1


def _spin(node: BeeNode, signals: _Signals, name_check_s: float) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    begun, ending = False, None
    check_at_s = wall_s() + name_check_s
    while rclpy.ok():
        executor.spin_once(timeout_sec=0.05 if not begun else 0.1)
        if not begun and wall_s() >= check_at_s:
            refuse_taken_name(node)
            node.begin()
            begun = True
        because = signals.name or node.end_because
        if because and ending is None:
            ending = node.bridge.submit(node.end_well(because))
        if signals.count > 1:
            _stop_now(node, executor, signals.name)
            break
        if node.is_finished:
            break
        if ending is not None and ending.done():
            if ending.exception() is not None:
                sys.stderr.write(f"{node.get_name()}: could not end well: {ending.exception()!r}\n")
                node.exit_code = 1
            break
    executor.remove_node(node)
    executor.shutdown(timeout_sec=1.0)


def _stop_now(node: BeeNode, executor: SingleThreadedExecutor, because: str) -> None:
    """Stop, and say what was confirmed within STOP_WALL_S."""
    stopping, until_s = node.stop_now(because), wall_s() + STOP_WALL_S
    while stopping is not None and not stopping.done() and wall_s() < until_s:
        executor.spin_once(timeout_sec=0.05)
    said = "" if stopping is None else "What is open was not confirmed in time; look at the hive."
    if stopping is not None and stopping.done():
        said = str(stopping.exception() or stopping.result())
    sys.stderr.write(f"{node.get_name()}: stopped at once. {said}\n")
    node.exit_code = 130


def run_node(
    make: Callable[[], BeeNode], arguments: list[str] | None = None, name_check_s: float = 0.3
) -> int:
    """Run one node until it is told to end. Returns the exit code; errors of the start are one line on stderr."""
    sys.setswitchinterval(GIL_SWITCH_S)
    node: BeeNode | None = None
    try:
        rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
        node = make()
        _spin(node, _Signals(), name_check_s)
        return node.exit_code
    except NameTakenError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_NAME_TAKEN
    except (StartError, ConfigurationError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_BAD_INPUT
    except ParameterException as error:
        sys.stderr.write(f"{str(error).splitlines()[0]}; correct the parameter\n")
        return EXIT_BAD_INPUT
    except ExternalShutdownException:
        return 0
    finally:
        if node is not None:
            node.close()
            node.destroy_node()
        rclpy.try_shutdown()
