"""Opens the Zenoh session of a context: who to listen to, whom to look for.

A *peer*, by default: every process listens on an ephemeral loopback port; gossip spreads these locators, so that
all processes of a machine talk with each other directly. For the introduction there is a rendezvous
(`rendezvous.py`): one well-known loopback port per ROS domain, which some process holds. When that dies, another
takes the port at once, and established connections do not notice. A router on tcp/localhost:7447 is used where
there is one; through it (`router.py`) the machine's nodes meet those of other machines.

A *client* of one router, if so configured: all goes through that router, and nothing listens here.

Nothing listens beyond loopback unless configured.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from bee_robot.embedded_ros.wire.configuration_file import (
    configuration_of,
    endpoints_of,
    mode_of,
    override,
    plain,
    read_configuration,
)
from bee_robot.embedded_ros.wire.keys import Token
from bee_robot.embedded_ros.wire.membership import Membership
from bee_robot.embedded_ros.wire.rendezvous import Rendezvous, endpoint
from bee_robot.embedded_ros.wire.router_watch import Report, RouterWatch
from bee_robot.embedded_ros.wire.settings import DEFAULT_ROUTER, TransportError, TransportSettings

ROUTER_WAIT_S = 5.0
BETWEEN_ATTEMPTS_S = 1.0
# How long opening waits for introductions, if there is somebody who introduces.
_INTRODUCTION_MS, _ALONE_MS = 30, 1
_RETRY = {"period_init_ms": 100, "period_max_ms": 1000, "period_increase_factor": 2}


class Transport:
    """The session of a context, its part in the rendezvous, and what it may do on a network."""

    def __init__(
        self, session: Any, rendezvous: Rendezvous | None, watch: RouterWatch, membership: Membership | None
    ) -> None:
        self.session = session
        self._rendezvous = rendezvous
        self._watch = watch
        self._membership = membership

    def refusal(self, token: Token) -> str:
        """What the router will not let an own entity do, and why; empty if nothing is known against it."""
        return self._membership.refusal(token) if self._membership is not None else ""

    def close(self) -> None:
        """Leave. Everything declared in the session has to be undeclared before."""
        self._watch.stop()
        if self._rendezvous is not None:
            self._rendezvous.close()
        self.session.close()


def open_transport(domain_id: int, report: Report) -> Transport:
    """Join the graph of this domain; TransportError with a remedy if that cannot be done as configured.

    `report("warning" or "info", text)` is called from threads of its own, now and later, when a router is
    waited for, goes, or comes back.
    """
    settings = TransportSettings.from_environment(domain_id)
    config = _configuration(settings, _INTRODUCTION_MS)
    mode = mode_of(config)
    if mode == "router":
        raise TransportError(
            "mode is router (ZENOH_CONFIG_OVERRIDE or ZENOH_SESSION_CONFIG_URI): a node is no router. Start one "
            "beside it (bee network router, or ros2 run rmw_zenoh_cpp rmw_zenohd) and leave nodes peers or clients"
        )
    membership = None
    if settings.config_file:
        path = Path(settings.config_file.removeprefix("file://"))
        membership = Membership.of_file(path, config)
    if mode == "client":
        session = _open_client(settings, membership, report)
        why = membership.certificate_problem if membership is not None else str
        return Transport(session, None, RouterWatch(session, report, is_needed=True, why=why), membership)
    return _open_peer(settings, membership, report)


def _configuration(settings: TransportSettings, introduction_ms: int) -> Any:
    if settings.config_file:
        config = read_configuration(settings.config_file, "ZENOH_SESSION_CONFIG_URI")
        override(config, [("timestamping/enabled", "true")])
    elif settings.routers or settings.overridden_mode == "client":
        config = configuration_of(_client_values(settings.routers or (DEFAULT_ROUTER,)))
    else:
        config = configuration_of(_peer_values(settings, introduction_ms))
    override(config, settings.overrides)
    return config


def _peer_values(settings: TransportSettings, introduction_ms: int) -> dict[str, Any]:
    optional = (DEFAULT_ROUTER,) if settings.looks_for_default_router else ()
    return {
        "mode": "peer",
        "listen/endpoints": [endpoint(0)],
        "connect/endpoints": [endpoint(settings.rendezvous_port), *optional],
        "connect/exit_on_failure": False,
        "connect/timeout_ms": -1,
        "scouting/gossip/enabled": True,
        "scouting/delay": introduction_ms,
        "transport/unicast/accept_pending": 100,
        **_values_of_all(),
    }


def _client_values(routers: tuple[str, ...]) -> dict[str, Any]:
    return {"mode": "client", "connect/endpoints": list(routers), "listen/endpoints": [], **_values_of_all()}


def _values_of_all() -> dict[str, Any]:
    return {
        "connect/retry": _RETRY,
        "scouting/multicast/enabled": False,
        "timestamping/enabled": True,
        "transport/link/tx/queue/congestion_control/drop/wait_before_drop": 50_000,
        "adminspace/enabled": False,
    }


def _open_peer(settings: TransportSettings, membership: Membership | None, report: Report) -> Transport:
    import zenoh

    rendezvous = None if settings.config_file else Rendezvous(settings.rendezvous_port)
    try:
        serves = rendezvous is not None and rendezvous.try_to_serve()
        config = _configuration(settings, _ALONE_MS if serves else _INTRODUCTION_MS)
        session = zenoh.open(config)
    except (zenoh.ZError, OSError) as error:
        if rendezvous is not None:
            rendezvous.close()
        problem = membership.certificate_problem() if membership is not None else ""
        raise TransportError(f"the Zenoh session cannot be opened: {problem or plain(error)}") from error
    watch = RouterWatch(session, report, is_needed=False)
    transport = Transport(session, rendezvous, watch, membership)
    if rendezvous is not None:
        rendezvous.watch(session)
    wanted = endpoints_of(config, "connect", "peer") if settings.config_file else (DEFAULT_ROUTER,)
    attempts = (
        settings.check_attempts if settings.check_attempts is not None or not settings.config_file else 1
    )
    if wanted and attempts is not None:
        _look_for_router(watch, wanted, attempts, report)
    return transport


def _look_for_router(watch: RouterWatch, wanted: tuple[str, ...], attempts: int, report: Report) -> None:
    """As rmw_zenoh_cpp does for a peer: wait as often as configured, then go on without."""
    tried = 0
    while attempts >= 0 and not watch.wait(BETWEEN_ATTEMPTS_S):
        tried += 1
        if tried == 1:
            report("warning", f"no Zenoh router yet at {', '.join(wanted)}: looking for it")
        if attempts and tried >= attempts:
            report("warning", f"no Zenoh router at {', '.join(wanted)}; going on without, it may come later")
            return


def _open_client(settings: TransportSettings, membership: Membership | None, report: Report) -> Any:
    """Open a session with a router, trying as long as configured."""
    import zenoh

    wanted = endpoints_of(_configuration(settings, 0), "connect", "client")
    began, tried, reported = time.monotonic(), 0, ""
    while True:
        problem = _problem_before(wanted, membership)
        if not problem:
            config = _configuration(settings, 0)
            # One attempt: a session that waits for its router cannot be interrupted.
            override(config, [("connect/timeout_ms", "0"), ("connect/exit_on_failure", "true")])
            try:
                return zenoh.open(config)
            except zenoh.ZError as error:
                problem = _problem_after(wanted, membership, plain(error))
        tried += 1
        took_s = time.monotonic() - began
        if _is_over(settings.check_attempts, tried, took_s):
            raise TransportError(_no_router(settings, wanted, tried, took_s, problem))
        if problem != reported:
            report("warning", f"waiting for a Zenoh router at {', '.join(wanted)}: {problem}")
            reported = problem
        time.sleep(BETWEEN_ATTEMPTS_S)


def _is_over(attempts: int | None, tried: int, took_s: float) -> bool:
    if attempts is None:
        return took_s + BETWEEN_ATTEMPTS_S > ROUTER_WAIT_S
    return attempts != 0 and tried >= max(attempts, 1)


def _problem_before(wanted: tuple[str, ...], membership: Membership | None) -> str:
    """What makes an attempt useless: no endpoint, a certificate that is not valid, nobody there."""
    from bee_robot.embedded_ros.wire.reaching import unreachable_because  # brings ssl: not for every node

    if not wanted:
        return "the configuration names no endpoint under connect"
    expired = membership.certificate_problem() if membership is not None else ""
    if expired:
        return expired
    reasons = [unreachable_because(each) for each in wanted]
    return "" if not all(reasons) else "; ".join(dict.fromkeys(reasons))


def _problem_after(wanted: tuple[str, ...], membership: Membership | None, error: str) -> str:
    from bee_robot.embedded_ros.wire.reaching import refused_because, unreachable_because

    authority = membership.authority if membership is not None else b""
    there = [each for each in wanted if not unreachable_because(each)]
    if not there:
        return error
    return "; ".join(dict.fromkeys(refused_because(each, authority) for each in there))


def _no_router(
    settings: TransportSettings, wanted: tuple[str, ...], tried: int, took_s: float, problem: str
) -> str:
    if settings.config_file:
        source, remedy = f"ZENOH_SESSION_CONFIG_URI={settings.config_file}", "unset ZENOH_SESSION_CONFIG_URI"
    elif settings.routers:
        source, remedy = "BEE_ROS_ROUTER", "unset BEE_ROS_ROUTER"
    else:
        source, remedy = "ZENOH_CONFIG_OVERRIDE", "take the mode out of ZENOH_CONFIG_OVERRIDE"
    times = "once" if tried == 1 else f"{tried} times in {took_s:.1f} s"
    return (
        f"no Zenoh router at {', '.join(wanted) or 'any endpoint'} ({source}), tried {times}: {problem}. Start the router "
        "(bee network router, or ros2 run rmw_zenoh_cpp rmw_zenohd), correct the endpoint, set "
        f"ZENOH_ROUTER_CHECK_ATTEMPTS=0 to wait for it, or {remedy} to use this machine alone"
    )
