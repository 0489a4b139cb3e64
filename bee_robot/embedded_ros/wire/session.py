"""Opens the Zenoh session of a context: who to listen to, whom to look for.

Every process is a Zenoh peer that listens on an ephemeral loopback port; gossip spreads these
locators, so that all processes talk with each other directly. For the introduction there is a
rendezvous (`rendezvous.py`): one well-known loopback port per ROS domain, which some process
holds. When that dies, another takes the port at once, and established connections do not notice.
A router on tcp/localhost:7447 is used where there is one. Nothing listens beyond loopback unless
configured.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bee_robot.embedded_ros.wire.rendezvous import Rendezvous, endpoint

DEFAULT_ROUTER = "tcp/localhost:7447"
RENDEZVOUS_BASE_PORT = 17447
ROUTER_WAIT_S = 5.0
MAX_DOMAIN_ID = 232
# How long opening waits for introductions, if there is somebody who introduces.
_INTRODUCTION_MS, _ALONE_MS = 30, 1


class TransportError(RuntimeError):
    """The graph cannot be reached as configured; the message names the setting."""


@dataclass(frozen=True)
class TransportSettings:
    """What the environment says about transport.

    - `BEE_ROS_RENDEZVOUS`: port of the rendezvous (default 17447 + domain). If it is set, the
      default router is not looked for, so that graphs under test stay apart.
    - `BEE_ROS_ROUTER`: endpoints of routers that must answer, e.g. `tls/hub.local:7447`; they
      introduce instead of the rendezvous. Empty: look for no router, not even the default one.
    - `ZENOH_SESSION_CONFIG_URI`: a Zenoh configuration file, as for rmw_zenoh_cpp; replaces all this.
    - `ZENOH_CONFIG_OVERRIDE`: `key=value;key=value` on top, as for rmw_zenoh_cpp.
    """

    rendezvous_port: int
    required_routers: tuple[str, ...]
    optional_routers: tuple[str, ...]
    config_file: str
    overrides: tuple[tuple[str, str], ...]

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
        required = tuple(r.strip() for r in (router or "").split(",") if r.strip())
        optional = () if router is not None or port_text else (DEFAULT_ROUTER,)
        overrides = []
        for item in environment.get("ZENOH_CONFIG_OVERRIDE", "").split(";"):
            if item.strip():
                key, separator, value = item.partition("=")
                if not separator:
                    raise TransportError(f"ZENOH_CONFIG_OVERRIDE: {item!r} is not key=value")
                overrides.append((key.strip(), value.strip()))
        config_file = environment.get("ZENOH_SESSION_CONFIG_URI", "")
        return cls(port, required, optional, config_file, tuple(overrides))


def domain_id_from_environment() -> int:
    """`ROS_DOMAIN_ID`, 0 if unset; TransportError if it is no number from 0 to 232."""
    text = os.environ.get("ROS_DOMAIN_ID", "").strip()
    if not text:
        return 0
    if not text.isdigit() or int(text) > MAX_DOMAIN_ID:
        raise TransportError(f"ROS_DOMAIN_ID={text!r} is not a number from 0 to {MAX_DOMAIN_ID}")
    return int(text)


def _peer_configuration(settings: TransportSettings, introduction_ms: int) -> dict[str, Any]:
    introducers = settings.required_routers or (
        endpoint(settings.rendezvous_port),
        *settings.optional_routers,
    )
    retry = {"period_init_ms": 100, "period_max_ms": 1000, "period_increase_factor": 2}
    return {
        "mode": "peer",
        "listen/endpoints": [endpoint(0)],
        "connect/endpoints": list(introducers),
        "connect/exit_on_failure": False,
        "connect/timeout_ms": -1,
        "connect/retry": retry,
        "scouting/multicast/enabled": False,
        "scouting/gossip/enabled": True,
        "scouting/delay": introduction_ms,
        "timestamping/enabled": True,
        "transport/unicast/accept_pending": 100,
        "transport/link/tx/queue/congestion_control/drop/wait_before_drop": 50_000,
        "adminspace/enabled": False,
    }


def _configuration(settings: TransportSettings, introduction_ms: int) -> Any:
    import zenoh

    if settings.config_file:
        path = Path(settings.config_file.removeprefix("file://"))
        if not path.is_file():
            raise TransportError(f"ZENOH_SESSION_CONFIG_URI: there is no file {path}")
        try:
            config = zenoh.Config.from_file(str(path))
            config.insert_json5("timestamping/enabled", "true")
        except zenoh.ZError as error:
            raise TransportError(f"ZENOH_SESSION_CONFIG_URI: {path}: {error}") from error
    else:
        config = zenoh.Config()
        for key, value in _peer_configuration(settings, introduction_ms).items():
            config.insert_json5(key, json.dumps(value))
    for key, value in settings.overrides:
        try:
            config.insert_json5(key, value)
        except zenoh.ZError as error:
            raise TransportError(f"ZENOH_CONFIG_OVERRIDE: {key}={value}: {error}") from error
    return config


class Transport:
    """The session of a context, and its part in the rendezvous."""

    def __init__(self, session: Any, rendezvous: Rendezvous | None) -> None:
        self.session = session
        self._rendezvous = rendezvous

    def close(self) -> None:
        """Leave. Everything declared in the session has to be undeclared before."""
        if self._rendezvous is not None:
            self._rendezvous.close()
        self.session.close()


def open_transport(domain_id: int) -> Transport:
    """Join the graph of this domain; TransportError with a remedy if that cannot be done as configured."""
    import zenoh

    settings = TransportSettings.from_environment(domain_id)
    needs_rendezvous = not settings.config_file and not settings.required_routers
    rendezvous = Rendezvous(settings.rendezvous_port) if needs_rendezvous else None
    try:
        serves = rendezvous is not None and rendezvous.try_to_serve()
        session = zenoh.open(_configuration(settings, _ALONE_MS if serves else _INTRODUCTION_MS))
    except (zenoh.ZError, OSError) as error:
        if rendezvous is not None:
            rendezvous.close()
        raise TransportError(f"the Zenoh session cannot be opened: {error}") from error
    transport = Transport(session, rendezvous)
    if rendezvous is not None:
        rendezvous.watch(session)
    if settings.required_routers and not settings.config_file:
        _require_router(transport, settings)
    return transport


def _require_router(transport: Transport, settings: TransportSettings) -> None:
    import zenoh

    session = transport.session
    found = threading.Event()

    def on_event(event: Any) -> None:
        if "ROUTER" in str(event.transport.whatami).upper():
            found.set()

    handler = zenoh.handlers.Callback(on_event, indirect=False)
    listener = session.info.declare_transport_events_listener(handler, history=True)
    reached = bool(session.info.routers_zid()) or found.wait(ROUTER_WAIT_S)
    listener.undeclare()
    if not reached:
        transport.close()
        raise TransportError(
            f"no Zenoh router answers at {', '.join(settings.required_routers)} (BEE_ROS_ROUTER) within "
            f"{ROUTER_WAIT_S:g} s: start it (ros2 run rmw_zenoh_cpp rmw_zenohd), correct the endpoint, or "
            "unset BEE_ROS_ROUTER to use this machine alone"
        )
