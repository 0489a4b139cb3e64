"""Opens the Zenoh session of a context: who to listen to, whom to look for.

Every process is a Zenoh peer that listens on an ephemeral loopback port; gossip spreads these
locators, so that all processes talk with each other directly. For the introduction there is a
rendezvous: one well-known loopback port per ROS domain, which every process tries to bind, keeps
trying to bind, and tries to reach. Whoever has it introduces newcomers; when it dies, another
process gets the port within a second, and established connections do not notice. A router on
tcp/localhost:7447 is used where there is one. Nothing listens beyond loopback unless configured.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_ROUTER = "tcp/localhost:7447"
RENDEZVOUS_BASE_PORT = 17447
ROUTER_WAIT_S = 5.0
MAX_DOMAIN_ID = 232


class TransportError(RuntimeError):
    """The graph cannot be reached as configured; the message names the setting."""


@dataclass(frozen=True)
class TransportSettings:
    """What the environment says about transport.

    - `BEE_ROS_RENDEZVOUS`: port of the rendezvous (default 17447 + domain). If it is set, the
      default router is not looked for, so that graphs under test stay apart.
    - `BEE_ROS_ROUTER`: endpoints of routers that must answer, e.g. `tls/hub.local:7447`; empty: none.
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


def _peer_configuration(settings: TransportSettings) -> dict[str, Any]:
    rendezvous = f"tcp/127.0.0.1:{settings.rendezvous_port}"
    retry = {"period_init_ms": 100, "period_max_ms": 1000, "period_increase_factor": 2}
    return {
        "mode": "peer",
        "listen/endpoints": ["tcp/127.0.0.1:0", rendezvous],
        "listen/exit_on_failure": False,
        "listen/timeout_ms": -1,
        "listen/retry": retry,
        "connect/endpoints": [rendezvous, *settings.required_routers, *settings.optional_routers],
        "connect/exit_on_failure": False,
        "connect/timeout_ms": -1,
        "connect/retry": retry,
        "scouting/multicast/enabled": False,
        "scouting/gossip/enabled": True,
        "scouting/delay": _introduction_delay_ms(settings),
        "timestamping/enabled": True,
        "transport/unicast/accept_pending": 100,
        "transport/link/tx/queue/congestion_control/drop/wait_before_drop": 50_000,
        "adminspace/enabled": False,
    }


def _introduction_delay_ms(settings: TransportSettings) -> int:
    """How long opening waits for introductions: only if there is somebody to introduce us."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.05)
        return 30 if probe.connect_ex(("127.0.0.1", settings.rendezvous_port)) == 0 else 1


def _configuration(settings: TransportSettings) -> Any:
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
        for key, value in _peer_configuration(settings).items():
            config.insert_json5(key, json.dumps(value))
    for key, value in settings.overrides:
        try:
            config.insert_json5(key, value)
        except zenoh.ZError as error:
            raise TransportError(f"ZENOH_CONFIG_OVERRIDE: {key}={value}: {error}") from error
    return config


def open_session(domain_id: int) -> Any:
    """A zenoh.Session for this domain; TransportError with a remedy if a configured router is not there."""
    import zenoh

    settings = TransportSettings.from_environment(domain_id)
    try:
        session = zenoh.open(_configuration(settings))
    except zenoh.ZError as error:
        raise TransportError(f"the Zenoh session cannot be opened: {error}") from error
    if settings.required_routers and not settings.config_file:
        _require_router(session, settings)
    return session


def _require_router(session: Any, settings: TransportSettings) -> None:
    found = threading.Event()
    listener = session.info.declare_transport_events_listener(
        lambda event: found.set() if "ROUTER" in str(event.transport.whatami).upper() else None, history=True
    )
    reached = found.wait(ROUTER_WAIT_S) or bool(session.info.routers_zid())
    listener.undeclare()
    if not reached:
        session.close()
        raise TransportError(
            f"no Zenoh router answers at {', '.join(settings.required_routers)} (BEE_ROS_ROUTER) within "
            f"{ROUTER_WAIT_S:g} s: start it (ros2 run rmw_zenoh_cpp rmw_zenohd), correct the endpoint, or "
            "unset BEE_ROS_ROUTER to use this machine alone"
        )
