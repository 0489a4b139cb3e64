"""A Zenoh router as a process of its own: what rmw_zenohd is on machines with ROS 2, with the same files.

    python -m bee_robot.embedded_ros.wire.router [FILE] [--listen ENDPOINT]... [--connect ENDPOINT]...

It declares nothing and has no callbacks: it forwards, and looks once a second at who is connected and whether its
file has changed. (A session that is router and node in one has been seen to hang in Zenoh 1.10.2; a router that
is nothing else has not, with hundreds of tokens that come, go and are killed.)

Without a file it serves this machine alone, on tcp/127.0.0.1:7447. A file of mode `client` (a member's) makes it
the router of a machine whose nodes shall be on that member's network.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from bee_robot.embedded_ros.wire.configuration_file import (
    configuration_of,
    endpoints_of,
    override,
    plain,
    read_configuration,
)
from bee_robot.embedded_ros.wire.membership import Membership
from bee_robot.embedded_ros.wire.settings import TransportError, config_overrides

VARIABLE = "ZENOH_ROUTER_CONFIG_URI"
LOCAL = "tcp/127.0.0.1:7447"
LOOK_S = 1.0
# That a member takes back what access rules never let it declare is no error, but Zenoh logs it as one.
LOG = "error,zenoh::net::routing::hat=off"
EXIT_BAD_INPUT, EXIT_FAILED = 2, 3


def main(words: list[str] | None = None) -> int:
    """Route until SIGINT or SIGTERM. 0 at the end, 2 for a bad configuration, 3 if the port is taken."""
    arguments = _arguments(words)
    uri = arguments.file or os.environ.get(VARIABLE, "")
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    import zenoh

    zenoh.init_log_from_env_or(LOG)
    try:
        changed = _route(uri, arguments.listen, arguments.connect, ending)
    except TransportError as error:
        _say(f"{error}")
        return EXIT_BAD_INPUT
    except zenoh.ZError as error:
        _say(f"the router cannot start: {plain(error)}; is another one running here?")
        return EXIT_FAILED
    if changed:
        _say(f"{uri} has changed: starting anew with it")
        os.execv(sys.executable, [sys.executable, "-m", __spec__.name, *(words or sys.argv[1:])])
    return 0


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="router", description="A Zenoh router for ROS 2.")
    parser.add_argument("file", nargs="?", default="", help=f"Zenoh configuration (default: ${VARIABLE})")
    parser.add_argument("--listen", action="append", default=[], metavar="ENDPOINT")
    parser.add_argument("--connect", action="append", default=[], metavar="ENDPOINT")
    return parser.parse_args(words)


def router_configuration(uri: str, listen: list[str], connect: list[str]) -> Any:
    """The zenoh.Config of a router. TransportError if the file cannot be used."""
    if uri:
        config = read_configuration(uri, VARIABLE)
    else:
        config = configuration_of(
            {
                "listen/endpoints": [LOCAL],
                "scouting/multicast/enabled": False,
                "timestamping/enabled": True,
                "adminspace/enabled": False,
            }
        )
    override(config, [("mode", '"router"')])
    override(config, config_overrides())
    for key, endpoints in (("listen/endpoints", listen), ("connect/endpoints", connect)):
        if endpoints:
            quoted = ", ".join(f'"{each}"' for each in endpoints)
            override(config, [(key, f"[{quoted}]")])
    return config


def _route(uri: str, listen: list[str], connect: list[str], ending: threading.Event) -> bool:
    """Until told to end (False), or until the file has changed for another that can be read (True)."""
    import zenoh

    config = router_configuration(uri, listen, connect)
    path = Path(uri.removeprefix("file://")) if uri else None
    membership = Membership.of_file(path, config) if path else None
    here, there = endpoints_of(config, "listen", "router"), endpoints_of(config, "connect", "router")
    stamp = _stamp(path)
    session = zenoh.open(config)
    try:
        _say(
            f"router {session.zid()} listens at {', '.join(here)}"
            + (f" as {_who(membership)}" if membership else "")
        )
        watch = _Watch(session, there, membership)
        while not ending.wait(LOOK_S):
            watch.look()
            newest = _stamp(path)
            if newest != stamp:
                stamp = newest
                if _is_usable(uri):
                    return True
    finally:
        session.close()
    _say("ended")
    return False


class _Watch:
    """Says once when routers that this one connects to come and go, and when its certificate stops to hold."""

    def __init__(self, session: Any, wanted: tuple[str, ...], membership: Membership | None) -> None:
        self._session = session
        self._wanted = wanted
        self._membership = membership
        self._has_router: bool | None = None
        self._problem = ""

    def look(self) -> None:
        problem = self._membership.certificate_problem() if self._membership else ""
        if problem and problem.partition("(")[0] != self._problem.partition("(")[0]:
            _say(problem)
        self._problem = problem
        if not self._wanted:
            return
        has_router = bool(self._session.info.routers_zid())
        if has_router != self._has_router:
            where = ", ".join(self._wanted)
            if has_router:
                _say(f"connected with the router at {where}")
            elif self._has_router is None:
                _say(f"no router yet at {where}: {self._why_not()}; trying on")
            else:
                _say(f"the router at {where} is gone: trying to connect again")
        self._has_router = has_router

    def _why_not(self) -> str:
        from bee_robot.embedded_ros.wire.reaching import refused_because, unreachable_because

        authority = self._membership.authority if self._membership else b""
        reasons = [unreachable_because(each) or refused_because(each, authority) for each in self._wanted]
        return "; ".join(dict.fromkeys(reasons))


def _who(membership: Membership) -> str:
    return f"{membership.member} ({membership.role})" if membership.member else membership.path


def _stamp(path: Path | None) -> tuple[int, int] | None:
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_ino) if found else None


def _is_usable(uri: str) -> bool:
    try:
        router_configuration(uri, [], [])
    except TransportError as error:
        _say(f"the changed file cannot be used, going on with the old one: {error}")
        return False
    return True


def _say(text: str) -> None:
    stamp = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    sys.stderr.write(f"{stamp} router: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
