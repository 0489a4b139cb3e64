"""What the environment says about transport. Names are those of rmw_zenoh_cpp where it has one."""

from __future__ import annotations

import os
from dataclasses import dataclass

DEFAULT_ROUTER = "tcp/localhost:7447"
RENDEZVOUS_BASE_PORT = 17447
MAX_DOMAIN_ID = 232
SERVICE_TIMEOUT = "BEE_ROS_SERVICE_TIMEOUT"
SERVICE_TIMEOUT_S = 600.0


class TransportError(RuntimeError):
    """The graph cannot be reached as configured; the message names the setting."""


@dataclass(frozen=True)
class TransportSettings:
    """How a context reaches the graph.

    - `ZENOH_SESSION_CONFIG_URI`: a Zenoh configuration file, as for rmw_zenoh_cpp; replaces what follows.
    - `BEE_ROS_ROUTER`: endpoints of routers, e.g. `tcp/robot.local:7447`, of which one must answer; this
      context is then its client. Empty: look for no router, not even the default one.
    - `BEE_ROS_RENDEZVOUS`: port of the rendezvous (default 17447 + domain). If it is set, the
      default router is not looked for, so that graphs under test stay apart.
    - `ZENOH_CONFIG_OVERRIDE`: `key=value;key=value` on top, as for rmw_zenoh_cpp.
    - `ZENOH_ROUTER_CHECK_ATTEMPTS`: how often to look for a router that must answer, a second apart; 0: for
      ever; negative: do not wait for it. Unset: five seconds for a client, once for a peer with a file.

    `ROS_AUTOMATIC_DISCOVERY_RANGE`, `ROS_STATIC_PEERS` and `ROS_LOCALHOST_ONLY` mean nothing to rmw_zenoh_cpp,
    nor here: without a router nothing leaves this machine.
    """

    rendezvous_port: int
    routers: tuple[str, ...]
    looks_for_default_router: bool
    config_file: str
    overrides: tuple[tuple[str, str], ...]
    check_attempts: int | None = None

    @classmethod
    def from_environment(cls, domain_id: int) -> TransportSettings:
        environment = os.environ
        port_text = environment.get("BEE_ROS_RENDEZVOUS", "")
        try:
            port = int(port_text) if port_text else RENDEZVOUS_BASE_PORT + domain_id
        except ValueError:
            port = 0
        if not 0 < port < 65536:
            raise TransportError(f"BEE_ROS_RENDEZVOUS={port_text!r} is no port number (1 to 65535)")
        router = environment.get("BEE_ROS_ROUTER")
        return cls(
            port,
            _router_endpoints(router or ""),
            router is None and not port_text,
            environment.get("ZENOH_SESSION_CONFIG_URI", ""),
            config_overrides(),
            _check_attempts(),
        )

    @property
    def overridden_mode(self) -> str:
        """`client` where `ZENOH_CONFIG_OVERRIDE` says `mode="client"`; empty if it says nothing of it."""
        modes = [value.strip("\"' ") for key, value in self.overrides if key == "mode"]
        return modes[-1] if modes else ""


def service_timeout_s() -> float:
    """How long a request waits for its response, in seconds: `BEE_ROS_SERVICE_TIMEOUT`, 600 if unset. TransportError."""
    text = os.environ.get(SERVICE_TIMEOUT, "").strip()
    try:
        seconds = float(text) if text else SERVICE_TIMEOUT_S
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds <= 10.0**8:
        raise TransportError(f"{SERVICE_TIMEOUT}={text!r} is not a number of seconds above 0")
    return seconds


def _router_endpoints(text: str) -> tuple[str, ...]:
    endpoints = tuple(each.strip() for each in text.split(",") if each.strip())
    for endpoint in endpoints:
        protocol, slash, address = endpoint.partition("/")
        if not (protocol and slash and address):
            raise TransportError(
                f"BEE_ROS_ROUTER={endpoint!r} is no endpoint: write protocol/host:port, like tcp/robot.local:7447"
            )
    return endpoints


def config_overrides() -> tuple[tuple[str, str], ...]:
    """Keys and JSON5 values of `ZENOH_CONFIG_OVERRIDE`."""
    overrides = []
    for item in os.environ.get("ZENOH_CONFIG_OVERRIDE", "").split(";"):
        if item.strip():
            key, separator, value = item.partition("=")
            if not separator:
                raise TransportError(f"ZENOH_CONFIG_OVERRIDE: {item!r} is not key=value")
            overrides.append((key.strip(), value.strip()))
    return tuple(overrides)


def _check_attempts() -> int | None:
    text = os.environ.get("ZENOH_ROUTER_CHECK_ATTEMPTS", "").strip()
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise TransportError(f"ZENOH_ROUTER_CHECK_ATTEMPTS={text!r} is no whole number") from None


def domain_id_from_environment() -> int:
    """`ROS_DOMAIN_ID`, 0 if unset; TransportError if it is no number from 0 to 232."""
    text = os.environ.get("ROS_DOMAIN_ID", "").strip()
    if not text:
        return 0
    if not text.isdigit() or int(text) > MAX_DOMAIN_ID:
        raise TransportError(f"ROS_DOMAIN_ID={text!r} is not a number from 0 to {MAX_DOMAIN_ID}")
    return int(text)
