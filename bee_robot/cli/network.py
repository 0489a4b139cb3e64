"""`bee network`: robots, consoles and a router that trust each other, each with one file."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bee_robot.cli.networking import member_file
from bee_robot.cli.networking.errors import NetworkError
from bee_robot.cli.networking.network_folder import Member, NetworkFolder
from bee_robot.cli.networking.roles import ROLES
from bee_robot.clock import RealClock

NAME = "network"
HELP = "Let robots and consoles on several machines meet: certificates, roles, the router"

EXIT_BAD_INPUT = 2
MEMBER_DAYS = 730
MAX_DOMAIN_ID = 232
ROUTER_MODULE = "bee_robot.embedded_ros.wire.router"
ACTIONS = {
    "create DIR --router HOST:PORT": "a new network in a folder",
    "add DIR NAME --role ROLE": "let somebody in; hand out DIR/members/NAME.json5",
    "renew DIR NAME": "a new certificate for a member, or for the router (NAME router)",
    "remove DIR NAME": "let a member do nothing any more",
    "show FILE_OR_DIR": "who a file is for, what it allows, until when it holds",
    "router [FILE]": "run a router: of a network, of one machine, or of a member's machine",
}
TIME = "%Y-%m-%d %H:%M UTC"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    width = max(map(len, ACTIONS))
    lines = [f"  {usage:<{width}}  {what}" for usage, what in ACTIONS.items()]
    roles = [f"  {role:<{width}}  {what}" for role, what in ROLES.items()]
    parser.epilog = "\n".join(["actions:", *lines, "", "roles:", *roles, "", "docs/network.md has examples."])
    parser.add_argument("action", choices=[usage.split()[0] for usage in ACTIONS], metavar="ACTION")
    parser.add_argument("words", nargs="*", metavar="WORD", help="what the action is about, see below")
    parser.add_argument("--router", metavar="HOST:PORT", help="create: the router as members reach it")
    parser.add_argument("--domain-id", type=_domain_id, metavar="N", help="create: ROS domain (default 0)")
    parser.add_argument("--role", choices=tuple(ROLES), help="add: what the member may do")
    parser.add_argument("--namespace", metavar="/NAME", help="add: of its nodes (default: its name)")
    parser.add_argument(
        "--publish",
        action="append",
        default=[],
        metavar="TOPIC",
        help="add: may publish there, too; repeatable",
    )
    parser.add_argument(
        "--subscribe",
        action="append",
        default=[],
        metavar="TOPIC",
        help="add: may subscribe there, too; repeatable",
    )
    parser.add_argument(
        "--days", type=_days, metavar="N", help=f"how long certificates hold (default {MEMBER_DAYS})"
    )
    parser.add_argument(
        "--listen", action="append", default=[], metavar="ENDPOINT", help="router: instead of the file's"
    )
    parser.add_argument(
        "--connect", action="append", default=[], metavar="ENDPOINT", help="router: to other routers"
    )


def run(arguments: argparse.Namespace) -> int:
    """0, or 2 for bad input; `router` does not come back from here."""
    try:
        return _ACTIONS[arguments.action](arguments)
    except NetworkError as error:
        sys.stderr.write(f"bee network {arguments.action}: {error}\n")
    except OSError as error:
        sys.stderr.write(f"bee network {arguments.action}: {error.filename}: {error.strerror}\n")
    return EXIT_BAD_INPUT


def _create(arguments: argparse.Namespace) -> int:
    (folder,) = _words(arguments, "DIR")
    if not arguments.router:
        raise NetworkError("give the router as members reach it: --router HOST:PORT")
    domain_id = arguments.domain_id or 0
    network = NetworkFolder.create(Path(folder), arguments.router, domain_id, _now(), _validity(arguments))
    print(
        f"{folder}: network at {network.endpoint}, ROS domain {domain_id}. Keep this folder: it can let anybody in."
    )
    print(
        f"Next: bee network add {folder} NAME --role {'|'.join(ROLES)}; bee network router {network.router_file}"
    )
    return 0


def _add(arguments: argparse.Namespace) -> int:
    folder, name = _words(arguments, "DIR", "NAME")
    if not arguments.role:
        raise NetworkError(f"say what {name} may do: --role {'|'.join(ROLES)}")
    member = Member(
        name,
        arguments.role,
        arguments.namespace or f"/{name}",
        tuple(arguments.publish),
        tuple(arguments.subscribe),
    )
    network = NetworkFolder.load(Path(folder)).add(member, _now(), _validity(arguments))
    print(f"{network.member_file(name)}: hand this to {name}, and to nobody else")
    _tell_router(network)
    return 0


def _renew(arguments: argparse.Namespace) -> int:
    folder, name = _words(arguments, "DIR", "NAME")
    network = NetworkFolder.load(Path(folder)).renew(name, _now(), _validity(arguments))
    path = network.router_file if name == "router" else network.member_file(name)
    print(f"{path}: {_expiry(member_file.read(path))}")
    _tell_router(network)
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    folder, name = _words(arguments, "DIR", "NAME")
    network = NetworkFolder.load(Path(folder)).remove(name)
    print(f"{name} may do nothing any more")
    _tell_router(network)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    (given,) = _words(arguments, "FILE_OR_DIR")
    path = Path(given)
    if path.is_dir():
        network = NetworkFolder.load(path)
        authority_until = member_file.read(network.router_file).authority_until
        print(
            f"network at {network.endpoint}, ROS domain {network.domain_id}, until {authority_until.strftime(TIME)}"
        )
        for each in (network.router_file, *(network.member_file(name) for name in sorted(network.members))):
            facts = member_file.read(each)
            print(f"  {facts.member:<16} {facts.role:<9} {_expiry(facts)}")
        return 0
    facts = member_file.read(path)
    print(f"{facts.member}: {facts.role}")
    print(f"  {'listens at' if facts.role == 'router' else 'router'}: {', '.join(facts.endpoints)}")
    print(f"  certificate {_expiry(facts)}")
    for what, names in facts.grants.items():
        if names:
            print(f"  {what.replace('_', ' ')}: {', '.join(names)}")
    if facts.members:
        print(f"  lets in: {', '.join(facts.members)}")
    return 0


def _router(arguments: argparse.Namespace) -> int:
    """Becomes the router's process. It needs no ROS, nor anything else of ours."""
    if len(arguments.words) > 1:
        raise NetworkError(f"one file, not {len(arguments.words)}")
    words = [*arguments.words]
    words += [f"--listen={each}" for each in arguments.listen]
    words += [f"--connect={each}" for each in arguments.connect]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", ROUTER_MODULE, *words])


_ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "create": _create,
    "add": _add,
    "renew": _renew,
    "remove": _remove,
    "show": _show,
    "router": _router,
}


def _words(arguments: argparse.Namespace, *names: str) -> list[str]:
    if len(arguments.words) != len(names):
        raise NetworkError(f"give {' '.join(names)}; see bee network --help")
    return list(arguments.words)


def _tell_router(network: NetworkFolder) -> None:
    print(
        f"{network.router_file}: has the new rules; a `bee network router` that runs with it takes them up by itself, "
        "rmw_zenohd has to be started anew. Copy it if the router is another machine."
    )


def _expiry(facts: member_file.FileFacts) -> str:
    now = _now()
    if now > facts.authority_until:
        return (
            f"EXPIRED on {facts.valid_until.strftime(TIME)} with the network's authority: make a new network"
        )
    if now > facts.valid_until:
        return f"EXPIRED on {facts.valid_until.strftime(TIME)}: bee network renew"
    if now < facts.valid_from:
        return f"NOT YET VALID before {facts.valid_from.strftime(TIME)}: look at this machine's clock"
    days = (facts.valid_until - now).days
    end = ", when the network's authority ends" if facts.valid_until == facts.authority_until else ""
    return f"valid until {facts.valid_until.strftime(TIME)} ({days} days{end})"


def _validity(arguments: argparse.Namespace) -> float:
    return MEMBER_DAYS if arguments.days is None else arguments.days


def _now() -> datetime:
    return RealClock().utc()


def _days(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 3650:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of days up to 3650")
    return value


def _domain_id(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_DOMAIN_ID:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to {MAX_DOMAIN_ID}")
    return int(text)
