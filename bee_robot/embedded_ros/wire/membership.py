"""Who this process is on a network of others, as its configuration file says: certificate and grants.

The router decides what a member may do, and drops the rest without a word. A file may say the same under
`metadata/ros_network` (`member`, `role`, `grants`), so that it can be said here, where somebody reads it.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from bee_robot.embedded_ros.wire.keys import (
    CLIENT,
    NODE,
    PUBLISHER,
    SERVICE,
    SUBSCRIPTION,
    Token,
    ros_type_name,
)

_GRANT = {PUBLISHER: "publish", SUBSCRIPTION: "subscribe", SERVICE: "serve", CLIENT: "call"}
_VERB = {
    PUBLISHER: "publish on topic", SUBSCRIPTION: "subscribe to topic",
    SERVICE: "serve", CLIENT: "call service",
}  # fmt: skip
# What every node has, wanted or not: nobody needs to read that it does not leave the machine.
_OF_EVERY_NODE = ("/rosout", "/parameter_events")
_TYPES_OF_EVERY_NODE = ("rcl_interfaces/srv/", "type_description_interfaces/srv/")
_EMBEDDED = re.compile(
    r"""(root_ca|connect|listen)_certificate_base64["']?\s*:\s*["']([A-Za-z0-9+/=]+)["']"""
)
_TIME = "%Y-%m-%d %H:%M UTC"


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class Membership:
    """What a configuration file says of its owner. PEM certificates; empty where there are none."""

    path: str
    authority: bytes = b""
    certificate: bytes = b""
    member: str = ""
    role: str = ""
    grants: dict[str, list[str]] = field(default_factory=dict)
    now: Callable[[], datetime] = _utc_now

    @classmethod
    def of_file(cls, path: Path, config: Any) -> Membership:
        """From a file that `config` was read from."""
        text = path.read_text(encoding="utf-8")
        embedded = {m[1]: base64.b64decode(m[2]) for m in _EMBEDDED.finditer(text)}
        tls = json.loads(config.get_json("transport/link/tls")) or {}

        def pem(name: str) -> bytes:
            file = tls.get(f"{name}_certificate")
            if name in embedded or not file or not Path(file).is_file():
                return embedded.get(name, b"")
            return Path(file).read_bytes()

        about = json.loads(config.get_json("metadata")) or {}
        about = about.get("ros_network") or {} if isinstance(about, dict) else {}
        return cls(
            str(path),
            pem("root_ca"),
            pem("connect") or pem("listen"),
            str(about.get("member", "")),
            str(about.get("role", "")),
            about.get("grants") or {},
        )

    def certificate_problem(self) -> str:
        """Why the certificates cannot be used now; empty if they can."""
        now = self.now()
        for what, pem in (("certificate", self.certificate), ("authority's certificate", self.authority)):
            if not pem:
                continue
            begins, ends = _validity(pem)
            clock = f"the clock of this machine says {now.strftime(_TIME)}"
            if now > ends:
                return (
                    f"the {what} in {self.path} expired on {ends.strftime(_TIME)} ({clock}): "
                    "set the clock if that is wrong, else renew the file"
                )
            if now < begins:
                return f"the {what} in {self.path} is not valid before {begins.strftime(_TIME)} ({clock}): set the clock"
        return ""

    def refusal(self, token: Token) -> str:
        """What the router will not let this entity do, and why; empty if nothing is known against it."""
        if not self.grants or token.name in _OF_EVERY_NODE:
            return ""
        if token.kind == NODE:
            return self._namespace_refusal(token)
        type_name = ros_type_name(token.wire_type)
        if token.kind == SERVICE and type_name.startswith(_TYPES_OF_EVERY_NODE):
            return ""
        if token.kind == CLIENT and type_name in self.grants.get("call_types", ()):
            return ""
        if any(_matches(token.name, pattern) for pattern in self.grants.get(_GRANT[token.kind], ())):
            return ""
        return (
            f"{self._who} may not {_VERB[token.kind]} {token.name}: the router drops it. Who may is written in the "
            "router's file"
        )

    @property
    def _who(self) -> str:
        return f"{self.member or 'this member'} ({self.role}, {self.path})"

    def _namespace_refusal(self, token: Token) -> str:
        allowed = self.grants.get("namespaces", [])
        for namespace in allowed:
            inside = token.namespace.startswith(f"{namespace}/") and namespace != "/"
            if token.namespace == namespace or inside:
                return ""
        return (
            f"{self._who} may have nodes in {' and '.join(allowed)} alone: others do not see node {token.node_path}; "
            f"start it with --ros-args -r __ns:={allowed[-1] if allowed else '/'}"
        )


def _matches(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-2]) if pattern.endswith("/**") else name == pattern


def _validity(pem: bytes) -> tuple[datetime, datetime]:
    from cryptography import x509

    loaded = x509.load_pem_x509_certificate(pem)
    if hasattr(loaded, "not_valid_after_utc"):
        return loaded.not_valid_before_utc, loaded.not_valid_after_utc
    # cryptography before 42 has no time zone here
    return (
        loaded.not_valid_before.replace(tzinfo=timezone.utc),
        loaded.not_valid_after.replace(tzinfo=timezone.utc),
    )
