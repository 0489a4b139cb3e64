"""Nodes."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from rclpy import _arguments, _names
from rclpy._handle import Handle
from rclpy._node_graph import NodeGraph, NodeNameNonExistentError
from rclpy._node_parameters import NodeParameters
from rclpy._rosout import RosoutPublisher
from rclpy.callback_groups import CallbackGroup, MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.client import Client
from rclpy.clock import Clock, ROSClock
from rclpy.constants import S_TO_NS
from rclpy.context import Context
from rclpy.exceptions import NameValidationException, NotInitializedException, RCLError
from rclpy.guard_condition import GuardCondition
from rclpy.impl.rcutils_logger import RcutilsLogger
from rclpy.logging import get_logger
from rclpy.parameter import Parameter
from rclpy.parameter_service import ParameterService
from rclpy.publisher import Publisher
from rclpy.qos import (
    QoSProfile,
    profile_from,
    qos_profile_parameter_events,
    qos_profile_services_default,
)
from rclpy.qos_overriding_options import QoSOverridingOptions, apply_qos_overrides
from rclpy.service import Service
from rclpy.subscription import Subscription
from rclpy.time_source import TimeSource
from rclpy.timer import Rate, Timer
from rclpy.type_support import check_is_valid_msg_type, check_is_valid_srv_type
from rclpy.utilities import get_default_context
from rclpy.validate_full_topic_name import validate_full_topic_name
from rclpy.validate_namespace import validate_namespace
from rclpy.validate_node_name import validate_node_name
from rclpy.validate_topic_name import validate_topic_name

from bee_robot.embedded_ros.wire import keys

__all__ = ["Node", "NodeNameNonExistentError"]


class Node(NodeParameters, NodeGraph):
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
        self._publishers: list[Publisher] = []
        self._subscriptions: list[Subscription] = []
        self._clients: list[Client] = []
        self._services: list[Service] = []
        self._timers: list[Timer] = []
        self._guards: list[GuardCondition] = []
        self._waitables: list[Any] = []
        self._handle = Handle()
        self._hidden_timers: list[Timer] = []
        self._destroyed = False
        self._lock = threading.RLock()
        self._executor_weakref: weakref.ref[Any] | None = None
        self._default_callback_group: CallbackGroup = MutuallyExclusiveCallbackGroup()
        self._rate_group = ReentrantCallbackGroup()
        self._take_names(node_name, namespace, cli_args, use_global_arguments)
        self._join_graph()
        self._logger = get_logger(self._logger_name())
        self._rosout = RosoutPublisher(self) if enable_rosout else None
        overrides = self._overrides_from_arguments()
        overrides.update({p.name: p for p in parameter_overrides or []})
        self._init_parameters(allow_undeclared_parameters, overrides)
        self._clock = ROSClock()
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

    # -- names

    def _take_names(
        self, node_name: str, namespace: str | None, cli_args: list[str] | None, use_global_arguments: bool
    ) -> None:
        parsed = [_arguments.parse_arguments(cli_args)] if cli_args else []
        for each in parsed:
            _arguments.warn_of_deprecated(each)
        if use_global_arguments and self._context.arguments is not None:
            parsed.append(self._context.arguments)
        self._arguments: list[_arguments.RosArguments] = parsed
        self._remaps = [rule for each in parsed for rule in each.remaps]
        validate_node_name(node_name)
        for given in (node_name, namespace):
            if not isinstance(given, (str, type(None))):
                raise TypeError(f"a name has to be a str, not {type(given).__name__}")
        namespace = namespace or "/"
        if not namespace.startswith("/"):
            namespace = f"/{namespace}"
        validate_namespace(namespace)
        self._name = _names.remap_special(self._remaps, node_name, ("__node", "__name")) or node_name
        self._namespace = _names.remap_special(self._remaps, node_name, ("__ns",)) or namespace
        validate_node_name(self._name)
        validate_namespace(self._namespace)

    def _join_graph(self) -> None:
        context = self._context
        self._node_id = context.next_entity_id()
        self._token = keys.Token(
            context.get_domain_id(),
            str(context.session.zid()),
            self._node_id,
            self._node_id,
            keys.NODE,
            "",
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

    def _logger_name(self) -> str:
        parts = [p for p in self._namespace.split("/") if p]
        return ".".join([*parts, self._name])

    def _require_handle(self) -> None:
        """InvalidHandle once the node is destroyed."""
        with self._handle:
            pass

    def get_name(self) -> str:
        self._require_handle()
        return self._name

    def get_namespace(self) -> str:
        self._require_handle()
        return self._namespace

    def get_fully_qualified_name(self) -> str:
        self._require_handle()
        return f"{self._namespace.rstrip('/')}/{self._name}"

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

    # -- what there is

    @property
    def publishers(self) -> Iterator[Publisher]:
        yield from self._publishers

    @property
    def subscriptions(self) -> Iterator[Subscription]:
        yield from self._subscriptions

    @property
    def clients(self) -> Iterator[Client]:
        yield from self._clients

    @property
    def services(self) -> Iterator[Service]:
        yield from self._services

    @property
    def timers(self) -> Iterator[Timer]:
        yield from self._timers

    @property
    def guards(self) -> Iterator[GuardCondition]:
        yield from self._guards

    @property
    def waitables(self) -> Iterator[Any]:
        yield from self._waitables

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

    def _entities(self) -> list[Any]:
        return [
            *self._subscriptions,
            *self._services,
            *self._clients,
            *self._all_timers(),
            *self._guards,
            *self._waitables,
        ]

    def _all_timers(self) -> list[Timer]:
        """The user's timers, and those that belong to action servers."""
        return [*self._timers, *self._hidden_timers]

    def _attach_executor(self, executor: Any) -> None:
        with self._lock:
            for entity in self._entities():
                entity._set_executor(executor)

    def _detach_executor(self, executor: Any) -> None:
        with self._lock:
            for entity in self._entities():
                entity._set_executor(None)

    def _adopt(self, entity: Any, into: list[Any]) -> None:
        with self._lock:
            into.append(entity)
            executor = self.executor
            if executor is not None and executor._runs(self):
                entity._set_executor(executor)
        if executor is not None:
            executor._timers_need_look()

    def _drop(self, entity: Any, out_of: list[Any]) -> bool:
        with self._lock:
            if entity not in out_of:
                return False
            out_of.remove(entity)
        entity.destroy()
        executor = self.executor
        if executor is not None:
            executor._timers_need_look()
        return True

    def _wake_executor(self) -> None:
        executor = self.executor
        if executor is not None:
            executor.wake()

    # -- names of topics and services

    def resolve_topic_name(self, topic: str, *, only_expand: bool = False) -> str:
        """The full name of a topic after expansion and (unless `only_expand`) remapping; RCLError if bad."""
        return self._resolve_or_fail(topic, only_expand, is_service=False)

    def resolve_service_name(self, service: str, *, only_expand: bool = False) -> str:
        return self._resolve_or_fail(service, only_expand, is_service=True)

    def _resolve_or_fail(self, name: str, only_expand: bool, is_service: bool) -> str:
        try:
            return self._resolve(name, only_expand, is_service)
        except (NameValidationException, ValueError) as error:
            raise RCLError(f"failed to resolve name: {error}") from error

    def _resolve(self, name: str, only_expand: bool = False, is_service: bool = False) -> str:
        """InvalidTopicNameException or InvalidServiceNameException, or ValueError for a substitution."""
        self._require_handle()
        if not isinstance(name, str):
            raise TypeError(f"a name has to be a str, not {type(name).__name__}")
        validate_topic_name(name, is_service=is_service)
        full_name = _names.expand_name(name, self._name, self._namespace)
        validate_full_topic_name(full_name, is_service=is_service)
        if only_expand:
            return full_name
        scheme = "rosservice" if is_service else "rostopic"
        return _names.remap_name(full_name, self._remaps, self._name, self._namespace, scheme)

    # -- making and destroying

    def create_publisher(
        self,
        msg_type: Any,
        topic: str,
        qos_profile: QoSProfile | int,
        *,
        callback_group: CallbackGroup | None = None,
        event_callbacks: Any = None,
        qos_overriding_options: QoSOverridingOptions | None = None,
        publisher_class: type[Publisher] = Publisher,
    ) -> Publisher:
        profile = profile_from(qos_profile)
        full_name = self._resolve(topic)
        check_is_valid_msg_type(msg_type)
        profile = apply_qos_overrides(self, "publisher", full_name, profile, qos_overriding_options)
        group = callback_group or self._default_callback_group
        publisher = publisher_class(self, msg_type, full_name, profile, event_callbacks, group)
        with self._lock:
            self._publishers.append(publisher)
        return publisher

    def create_subscription(
        self,
        msg_type: Any,
        topic: str,
        callback: Callable[..., Any],
        qos_profile: QoSProfile | int,
        *,
        callback_group: CallbackGroup | None = None,
        event_callbacks: Any = None,
        qos_overriding_options: QoSOverridingOptions | None = None,
        raw: bool = False,
    ) -> Subscription:
        profile = profile_from(qos_profile)
        full_name = self._resolve(topic)
        check_is_valid_msg_type(msg_type)
        profile = apply_qos_overrides(self, "subscription", full_name, profile, qos_overriding_options)
        group = callback_group or self._default_callback_group
        subscription = Subscription(self, msg_type, full_name, callback, group, profile, raw, event_callbacks)
        self._adopt(subscription, self._subscriptions)
        return subscription

    def create_client(
        self,
        srv_type: Any,
        srv_name: str,
        *,
        qos_profile: QoSProfile = qos_profile_services_default,
        callback_group: CallbackGroup | None = None,
    ) -> Client:
        check_is_valid_srv_type(srv_type)
        group = callback_group or self._default_callback_group
        client = Client(self, self._context, srv_type, srv_name, qos_profile, group)
        self._adopt(client, self._clients)
        return client

    def create_service(
        self,
        srv_type: Any,
        srv_name: str,
        callback: Callable[[Any, Any], Any],
        *,
        qos_profile: QoSProfile = qos_profile_services_default,
        callback_group: CallbackGroup | None = None,
    ) -> Service:
        check_is_valid_srv_type(srv_type)
        group = callback_group or self._default_callback_group
        service = Service(self, srv_type, srv_name, callback, group, qos_profile)
        self._adopt(service, self._services)
        return service

    def create_timer(
        self,
        timer_period_sec: float,
        callback: Callable[..., Any] | None,
        callback_group: CallbackGroup | None = None,
        clock: Clock | None = None,
        autostart: bool = True,
    ) -> Timer:
        """A timer on the node's clock, or on another; the period is in seconds of that clock."""
        group = callback_group or self._default_callback_group
        period_ns = int(float(timer_period_sec) * S_TO_NS)
        if not 0 <= period_ns < 2**63 or not self._context.ok():
            why = "the context was shut down" if 0 <= period_ns < 2**63 else f"{period_ns} ns is no period"
            raise RCLError(f"failed to create timer: {why}")
        timer = Timer(
            callback, group, period_ns, clock or self._clock, context=self._context, autostart=autostart
        )
        self._adopt(timer, self._timers)
        return timer

    def create_guard_condition(
        self, callback: Callable[[], Any] | None, callback_group: CallbackGroup | None = None
    ) -> GuardCondition:
        guard = GuardCondition(
            callback, callback_group or self._default_callback_group, context=self._context
        )
        self._adopt(guard, self._guards)
        return guard

    def create_rate(self, frequency: float, clock: Clock | None = None) -> Rate:
        """A rate in hertz. ValueError unless it is positive."""
        if frequency <= 0:
            raise ValueError("frequency must be > 0")
        timer = self.create_timer(1.0 / frequency, None, self._rate_group, clock)
        return Rate(timer, context=self._context)

    def add_waitable(self, waitable: Any) -> None:
        """Let the executor run this entity (action servers and clients do this)."""
        self._adopt(waitable, self._waitables)

    def remove_waitable(self, waitable: Any) -> None:
        with self._lock:
            self._waitables.remove(waitable)
        waitable._set_executor(None)

    def destroy_publisher(self, publisher: Publisher) -> bool:
        return self._drop(publisher, self._publishers)

    def destroy_subscription(self, subscription: Subscription) -> bool:
        return self._drop(subscription, self._subscriptions)

    def destroy_client(self, client: Client) -> bool:
        return self._drop(client, self._clients)

    def destroy_service(self, service: Service) -> bool:
        return self._drop(service, self._services)

    def destroy_timer(self, timer: Timer) -> bool:
        return self._drop(timer, self._timers)

    def destroy_guard_condition(self, guard: GuardCondition) -> bool:
        return self._drop(guard, self._guards)

    def destroy_rate(self, rate: Rate) -> bool:
        rate._destroyed = True
        rate._interrupt()
        return self._drop(rate._timer, self._timers)

    def destroy_node(self) -> None:
        """Leave the graph with everything that belongs to this node."""
        if self._destroyed:
            return
        self._destroyed = True
        self._handle.destroy_when_not_in_use()
        executor = self.executor
        if executor is not None:
            executor._node_destroyed(self)
        self._time_source.detach_node()
        for waitable in list(self._waitables):
            waitable.destroy()
        for entities in (
            self._publishers,
            self._subscriptions,
            self._clients,
            self._services,
            self._timers,
            self._hidden_timers,
            self._guards,
        ):
            while entities:
                entities.pop().destroy()  # type: ignore[attr-defined]
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
