"""The folder of a network: its authority, its members, and the files that are handed out.

network.json           endpoint, domain, members with role and grants
authority.crt, .key    what signs; the key never leaves this folder
router.crt, .key       who the router is
router.json5           for the router: certificate, key, access rules
members/NAME.json5     for a member: endpoint, certificate, key
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bee_robot.cli.networking import member_file
from bee_robot.cli.networking.access_rules import Admitted, access_control
from bee_robot.cli.networking.certificates import Identity, issue_member, issue_router, make_authority
from bee_robot.cli.networking.errors import NetworkError
from bee_robot.cli.networking.roles import PATTERN, ROLES, Grants, grants

NAME = re.compile(r"[a-z][a-z0-9_]*")
HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:(?P<port>[0-9]{1,5}))?")
DEFAULT_PORT = 7447
FORMAT = 1


@dataclass(frozen=True)
class Member:
    """Somebody on the network. `publish` and `subscribe` are allowed on top of what the role may do."""

    name: str
    role: str
    namespace: str
    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()
    issues: tuple[int, ...] = ()
    """Numbers of its certificates that are good. A number is never used again, so that what was removed stays so."""

    @property
    def certificates(self) -> tuple[str, ...]:
        """The common names of its certificates."""
        return tuple(f"{self.name}-{number}" for number in self.issues)

    @property
    def grants(self) -> Grants:
        return grants(self.role, self.namespace, self.publish, self.subscribe)


@dataclass(frozen=True)
class NetworkFolder:
    """A network as its folder has it. Methods that change it write the folder and give the new state."""

    path: Path
    endpoint: str
    listen: str
    domain_id: int
    members: dict[str, Member]
    issued: dict[str, int] = field(default_factory=dict)
    """How many certificates each name had, those of removed members included."""

    @property
    def router_file(self) -> Path:
        return self.path / "router.json5"

    def member_file(self, name: str) -> Path:
        return self.path / "members" / f"{name}.json5"

    @classmethod
    def create(cls, path: Path, router: str, domain_id: int, now: datetime, days: float) -> NetworkFolder:
        """A new network without members. Raises NetworkError where there is one, or for a bad address."""
        if (path / "network.json").exists():
            raise NetworkError(f"{path} is a network already; add members to it, or give another folder")
        host, port = parse_router(router)
        any_address = "[::]" if host.startswith("[") else "0.0.0.0"
        made = cls(path, f"tls/{host}:{port}", f"tls/{any_address}:{port}", domain_id, {})
        authority = make_authority(f"ROS network at {host}", now)
        _save_identity(path, "authority", authority)
        _save_identity(path, "router", issue_router(authority, (host.strip("[]"),), now, days))
        made._write()
        return made

    @classmethod
    def load(cls, path: Path) -> NetworkFolder:
        """Raises NetworkError if the folder is no network."""
        try:
            content = json.loads((path / "network.json").read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise ValueError(f"format {content['format']}")
            members = {each["name"]: _member(each) for each in content["members"]}
            where = (content["endpoint"], content["listen"], content["domain_id"])
            return cls(path, *where, members, dict(content["issued"]))
        except FileNotFoundError:
            raise NetworkError(
                f"{path} is no network: it has no network.json; make one with "
                f"'bee network create {path} --router HOST:PORT'"
            ) from None
        except OSError as error:
            raise NetworkError(f"{path}: {error.filename} cannot be read: {error.strerror}") from None
        except (ValueError, KeyError, TypeError) as error:
            raise NetworkError(f"{path / 'network.json'} cannot be understood: {error}") from None

    def add(self, member: Member, now: datetime, days: float) -> NetworkFolder:
        """Let somebody in: certificate, file, rules. Raises NetworkError."""
        self._check(member)
        return self._issue(member, now, days)

    def renew(self, name: str, now: datetime, days: float) -> NetworkFolder:
        """A new certificate and key for a member, or for the router (`router`). Raises NetworkError.

        A member's former file stays good until it expires, so that nobody is locked out while files travel.
        """
        if name != "router":
            return self._issue(self.member(name), now, days)
        host, _ = parse_router(self.endpoint.removeprefix("tls/"))
        made = issue_router(self._identity("authority"), (host.strip("[]"),), now, days)
        _save_identity(self.path, "router", made)
        self._write()
        return self

    def remove(self, name: str) -> NetworkFolder:
        """Take a member's rules away: its certificate stays good, and opens nothing. Raises NetworkError."""
        self.member(name)
        made = replace(self, members={n: m for n, m in self.members.items() if n != name})
        made._write()
        self.member_file(name).unlink(missing_ok=True)
        return made

    def member(self, name: str) -> Member:
        if name not in self.members:
            known = ", ".join(sorted(self.members)) or "none yet"
            raise NetworkError(f"{self.path} has no member {name!r}; members: {known}")
        return self.members[name]

    def _check(self, member: Member) -> None:
        if not NAME.fullmatch(member.name) or member.name in ("router", "authority"):
            raise NetworkError(
                f"{member.name!r} is no name for a member: small letters, digits and _, a letter first, as in ROS"
            )
        if member.name in self.members:
            raise NetworkError(
                f"{member.name!r} is a member already; 'bee network renew' makes a new certificate"
            )
        if member.role not in ROLES:
            raise NetworkError(f"role {member.role!r} is unknown; roles: {', '.join(ROLES)}")
        for pattern in (*member.publish, *member.subscribe):
            if not PATTERN.fullmatch(pattern):
                raise NetworkError(
                    f"{pattern!r} is no full topic name like /robot/cmd_vel, nor a namespace like /robot/**"
                )
        if not PATTERN.fullmatch(member.namespace) or member.namespace.endswith("**"):
            raise NetworkError(
                f"{member.namespace!r} is no namespace; one begins with / and has a name, like /robot"
            )
        if member.role == "viewer" and member.publish:
            raise NetworkError("a viewer publishes nothing; make it an operator, or leave --publish out")
        for other in self.members.values():
            if _overlap(other.namespace, member.namespace):
                raise NetworkError(
                    f"namespace {member.namespace} overlaps with {other.namespace} of {other.name!r}: "
                    "each would be obeyed as the other; give another one with --namespace"
                )

    def _issue(self, member: Member, now: datetime, days: float) -> NetworkFolder:
        number = self.issued.get(member.name, 0) + 1
        member = replace(member, issues=(*member.issues, number))
        made = replace(
            self,
            members={**self.members, member.name: member},
            issued={**self.issued, member.name: number},
        )
        authority = self._identity("authority")
        identity = issue_member(authority, member.certificates[-1], now, days)
        # The router knows it before it is handed out.
        made._write()
        member_file.write(
            self.member_file(member.name),
            f"Member {member.name} ({member.role}) of the ROS network at {self.endpoint}. Secret: it holds a private key.",
            member_file.member_configuration(
                member.name, member.role, member.grants, self.endpoint, authority.certificate, identity
            ),
        )
        return made

    def _write(self) -> None:
        content = {
            "format": FORMAT,
            "endpoint": self.endpoint,
            "listen": self.listen,
            "domain_id": self.domain_id,
            "issued": self.issued,
            "members": [asdict(member) for _, member in sorted(self.members.items())],
        }
        admitted = {n: Admitted(m.certificates, m.grants) for n, m in self.members.items()}
        rules = access_control(admitted, self.domain_id)
        member_file.write(
            self.router_file,
            f"Router of the ROS network at {self.endpoint}. Secret: it holds a private key.",
            member_file.router_configuration(
                self.listen, self._identity("authority").certificate, self._identity("router"), rules
            ),
        )
        member_file.write_secret(self.path / "network.json", json.dumps(content, indent=2) + "\n")

    def _identity(self, name: str) -> Identity:
        try:
            return Identity(
                (self.path / f"{name}.crt").read_bytes(), (self.path / f"{name}.key").read_bytes()
            )
        except OSError as error:
            raise NetworkError(
                f"{error.filename} cannot be read: {error.strerror}; restore it from a copy"
            ) from None


def parse_router(text: str) -> tuple[str, int]:
    """`hub.local:7447` -> host and port; the port may be left out. Raises NetworkError."""
    found = HOST.fullmatch(text)
    port = int(found["port"] or DEFAULT_PORT) if found else 0
    if found is None or not 0 < port < 65536:
        raise NetworkError(
            f"{text!r} is no address of a router; give HOST:PORT as members reach it, like hub.local:7447"
        )
    return found["host"], port


def _member(content: dict[str, Any]) -> Member:
    return Member(
        content["name"],
        content["role"],
        content["namespace"],
        *(tuple(content[key]) for key in ("publish", "subscribe", "issues")),
    )


def _overlap(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _save_identity(path: Path, name: str, identity: Identity) -> None:
    member_file.write_secret(path / f"{name}.key", identity.key.decode())
    member_file.write_secret(path / f"{name}.crt", identity.certificate.decode())
