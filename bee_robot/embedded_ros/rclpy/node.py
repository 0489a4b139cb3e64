"""Nodes."""

from __future__ import annotations

import weakref
from typing import Any

from rclpy._handle import Handle
from rclpy._node_entities import NodeEntities
from rclpy._node_graph import NodeGraph, NodeNameNonExistentError
from rclpy._node_names import NodeNames
from rclpy._node_parameters import NodeParameters
from rclpy._rosout import RosoutPublisher
from rclpy.callback_groups import CallbackGroup, MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.client import Client
from rclpy.clock import Clock, ROSClock
from rclpy.context import Context
from rclpy.exceptions import NotInitializedException
from rclpy.guard_condition import GuardCondition
from rclpy.impl.rcutils_logger import RcutilsLogger
from rclpy.logging import get_logger
from rclpy.parameter import PARAMETER_SEPARATOR_STRING, Parameter
from rclpy.parameter_service import ParameterService
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, qos_profile_parameter_events, qos_profile_services_default
from rclpy.service import Service
from rclpy.subscription import Subscription
from rclpy.time_source import TimeSource
from rclpy.timer import Rate, Timer
from rclpy.utilities import get_default_context

from bee_robot.embedded_ros.wire import keys

HIDDEN_NODE_PREFIX = "_"

# Beside Node, what programs also import from here.
__all__ = [
    "HIDDEN_NODE_PREFIX",
    "PARAMETER_SEPARATOR_STRING",
    "CallbackGroup",
    "Client",
    "Clock",
    "Context",
    "GuardCondition",
    "MutuallyExclusiveCallbackGroup",
    "Node",
    "NodeNameNonExistentError",
    "Parameter",
    "Publisher",
    "QoSProfile",
    "ROSClock",
    "Rate",
    "ReentrantCallbackGroup",
    "Service",
    "Subscription",
    "Timer",
    "qos_profile_parameter_events",
    "qos_profile_services_default",
]


class Node(NodeNames, NodeEntities, NodeParameters, NodeGraph):
    """A participant of the graph, with publishers, subscriptions, services, clients, timers, parameters."""

    def __init__(
        self,
        node_name: str,
        *,
        context: Context | None = None,
        cli_args: list[str] | None = None,
        namespace: str | None = None,
        use_global_arguments: bool = True,
        enable_rosout: bool = True,
        start_parameter_services: bool = True,
        parameter_overrides: list[Parameter] | None = None,
        allow_undeclared_parameters: bool = False,
        automatically_declare_parameters_from_overrides: bool = False,
        enable_logger_service: bool = False,
    ) -> None:
        self._context = get_default_context() if context is None else context
        if not self._context.ok():
            raise NotInitializedException("cannot create node")
        self._handle = Handle()
        self._destroyed = False
        self._executor_weakref: weakref.ref[Any] | None = None
        self._default_callback_group: CallbackGroup = MutuallyExclusiveCallbackGroup()
        self._init_entities()
        self._take_names(node_name, namespace, cli_args, use_global_arguments)
        overrides = self._overrides_from_arguments()
        overrides.update({p.name: p for p in parameter_overrides or []})
        self._logger = get_logger(self._logger_name())
        self._clock = ROSClock()
        self._time_source: TimeSource | None = None
        self._rosout: RosoutPublisher | None = None
        self._join_graph()
        try:
            self._rosout = RosoutPublisher(self) if enable_rosout else None
            self._init_parameters(allow_undeclared_parameters, overrides)
            self._parameter_event_publisher = self._create_parameter_event_publisher()
            if automatically_declare_parameters_from_overrides:
                self._declare_overrides()
            self._time_source = TimeSource(node=self)
            self._time_source.attach_clock(self._clock)
            if start_parameter_services:
                self._parameter_service = ParameterService(self)
            if enable_logger_service:
                from rclpy.logging_service import LoggingService

                self._logger_service = LoggingService(self)
        except BaseException:
            self.destroy_node()  # a node that could not be made is not in the graph
            raise

    def _join_graph(self) -> None:
        context = self._context
        self._node_id = context.next_entity_id()
        enclave = context.arguments.enclave if context.arguments is not None else "/"
        self._enclave = "" if enclave == "/" else enclave
        self._token = keys.Token(
            context.get_domain_id(),
            str(context.session.zid()),
            self._node_id,
            self._node_id,
            keys.NODE,
            self._enclave,
            self._namespace,
            self._name,
        )
        taken = any(
            t.node_name == self._name and t.namespace == self._namespace for t in context.graph.nodes()
        )
        self._liveliness: Any = context.keep(context.session.liveliness().declare_token(self._token.key()))
        context.graph.add_own(self._token)
        if taken:
            get_logger("rcl.logging_rosout").warning(
                f"Publisher already registered for node name: '{self._name}'. If this is due to multiple nodes with "
                "the same name then all logs for the logger with this name will go out over the existing publisher."
            )

    def _overrides_from_arguments(self) -> dict[str, Parameter]:
        full_name = self.get_fully_qualified_name()
        overrides: dict[str, Parameter] = {}
        # What is given to the node itself counts more than what is given to the process.
        for arguments in reversed(self._arguments):
            if not arguments.parameters:
                continue
            from rclpy._parameter_yaml import node_matches

            values = arguments.parameters_for(lambda pattern: node_matches(pattern, full_name))
            overrides.update({name: Parameter(name, value=value) for name, value in values.items()})
        return overrides

    def _declare_overrides(self) -> None:
        from rcl_interfaces.msg import ParameterDescriptor

        given = [(name, p.value, ParameterDescriptor()) for name, p in self._parameter_overrides.items()]
        self.declare_parameters("", given, ignore_override=True)

    def _create_parameter_event_publisher(self) -> Publisher:
        from rcl_interfaces.msg import ParameterEvent

        return self.create_publisher(ParameterEvent, "/parameter_events", qos_profile_parameter_events)

    @property
    def context(self) -> Context:  # type: ignore[override]
        return self._context

    @property
    def default_callback_group(self) -> CallbackGroup:
        return self._default_callback_group

    @property
    def handle(self) -> Any:
        """Something to use in a `with`; rclpy gives an object of its C layer here."""
        return self._handle

    @handle.setter
    def handle(self, value: Any) -> None:
        raise AttributeError("handle cannot be modified after node creation")

    def get_clock(self) -> Clock:
        return self._clock

    def get_logger(self) -> RcutilsLogger:
        return self._logger

    # -- executor

    @property
    def executor(self) -> Any:
        """The executor that the node was last added to, or None. It may have been removed since."""
        return self._executor_weakref() if self._executor_weakref is not None else None

    @executor.setter
    def executor(self, new_executor: Any) -> None:
        current = self.executor
        if current is new_executor:
            return
        if current is not None:
            current.remove_node(self)
        if new_executor is None:
            self._executor_weakref = None
        else:
            self._executor_weakref = weakref.ref(new_executor)
            new_executor.add_node(self)

    def _wake_executor(self) -> None:
        executor = self.executor
        if executor is not None:
            executor.wake()

    def destroy_node(self) -> None:
        """Leave the graph with everything that belongs to this node."""
        if self._destroyed:
            return
        self._destroyed = True
        self._handle.destroy_when_not_in_use()
        executor = self.executor
        if executor is not None:
            executor._node_destroyed(self)
        if self._time_source is not None:
            self._time_source.detach_node()
        self._destroy_entities()
        if self._rosout is not None:
            self._rosout.destroy()
        liveliness, self._liveliness = self._liveliness, None
        if liveliness is not None:
            self._context.release(liveliness)
            self._context.graph.remove_own(self._token)

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *exception: object) -> None:
        self.destroy_node()

    def assert_liveliness(self) -> None:
        """Liveliness is asserted by the transport."""
