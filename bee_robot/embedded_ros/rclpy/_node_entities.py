"""The part of a node that makes publishers, subscriptions, services, clients, timers, and ends them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from rclpy.callback_groups import CallbackGroup, ReentrantCallbackGroup
from rclpy.client import Client
from rclpy.clock import Clock
from rclpy.constants import S_TO_NS
from rclpy.exceptions import RCLError
from rclpy.guard_condition import GuardCondition
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, profile_from, qos_profile_services_default
from rclpy.qos_overriding_options import QoSOverridingOptions, apply_qos_overrides
from rclpy.service import Service
from rclpy.subscription import Subscription
from rclpy.timer import Rate, Timer
from rclpy.type_support import check_is_valid_msg_type, check_is_valid_srv_type


class NodeEntities:
    """What a node has and makes. A base class of Node."""

    _context: Any
    _clock: Clock
    _default_callback_group: CallbackGroup
    executor: Any
    _resolve: Callable[..., str]

    def _init_entities(self) -> None:
        self._lock = threading.RLock()
        self._publishers: list[Publisher] = []
        self._subscriptions: list[Subscription] = []
        self._clients: list[Client] = []
        self._services: list[Service] = []
        self._timers: list[Timer] = []
        self._guards: list[GuardCondition] = []
        self._waitables: list[Any] = []
        self._hidden_timers: list[Timer] = []
        self._rate_group = ReentrantCallbackGroup()

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
        publisher.topic = topic
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
        subscription.topic = topic
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

    def _destroy_entities(self) -> None:
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
