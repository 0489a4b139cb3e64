"""The one file of a member, and that of the router: a Zenoh configuration with certificate and key inside.

JSON5 that is JSON but for its first line, a comment; readable by zenohd, rmw_zenoh_cpp and embedded_ros. What is
ours stands under `metadata`, which Zenoh leaves alone.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bee_robot.cli.networking.certificates import Identity, validity
from bee_robot.cli.networking.errors import NetworkError
from bee_robot.cli.networking.roles import Grants

SECRET = 0o600
LOCAL_ROUTER = "tcp/127.0.0.1:7447"
"""Where nodes of a machine look for its router, here and with rmw_zenoh_cpp."""
RETRY = {"period_init_ms": 500, "period_max_ms": 4000, "period_increase_factor": 2}
WAIT_BEFORE_DROP_US = 50_000

_TLS = ("transport", "link", "tls")


def member_configuration(
    name: str, role: str, grants: Grants, endpoint: str, authority: bytes, identity: Identity
) -> dict[str, Any]:
    """A client of the network's router; in router mode, the router of a machine whose nodes are on the network.

    Nodes of one machine must not depend on a far router, so that a robot runs the latter and its nodes
    know nothing of the network.
    """
    return {
        "mode": "client",
        "metadata": {"ros_network": {"member": name, "role": role, "grants": grants.as_json()}},
        "connect": {
            "endpoints": [endpoint],
            "timeout_ms": {"router": -1, "peer": -1, "client": 0},
            "exit_on_failure": {"router": False, "peer": False, "client": True},
            "retry": RETRY,
        },
        "listen": {"endpoints": {"router": [LOCAL_ROUTER], "peer": [], "client": []}},
        **_common(),
        "transport": _transport(
            {
                "root_ca_certificate_base64": _base64(authority),
                "connect_certificate_base64": _base64(identity.certificate),
                "connect_private_key_base64": _base64(identity.key),
                "enable_mtls": True,
                "verify_name_on_connect": True,
            }
        ),
    }


def router_configuration(
    listen: str, authority: bytes, identity: Identity, access_control: dict[str, Any]
) -> dict[str, Any]:
    """The router that all members meet at. Members must show a certificate of the network's authority."""
    return {
        "mode": "router",
        "metadata": {"ros_network": {"role": "router"}},
        "connect": {"endpoints": []},
        "listen": {"endpoints": [listen]},
        **_common(),
        "transport": _transport(
            {
                "root_ca_certificate_base64": _base64(authority),
                "listen_certificate_base64": _base64(identity.certificate),
                "listen_private_key_base64": _base64(identity.key),
                "enable_mtls": True,
                "close_link_on_expiration": True,
            }
        ),
        "access_control": access_control,
    }


def _common() -> dict[str, Any]:
    return {
        "scouting": {"multicast": {"enabled": False}, "gossip": {"enabled": True}},
        # Transient-local topics need time stamps.
        "timestamping": {"enabled": True},
        "adminspace": {"enabled": False},
    }


def _transport(tls: dict[str, Any]) -> dict[str, Any]:
    drop = {"drop": {"wait_before_drop": WAIT_BEFORE_DROP_US}}
    return {"link": {"tls": tls, "tx": {"queue": {"congestion_control": drop}}}}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def write_secret(path: Path, text: str) -> None:
    """Write a file that its owner alone may read, all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes it 0600 from the start
    number, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def write(path: Path, title: str, configuration: dict[str, Any]) -> None:
    write_secret(path, f"// {title}\n{json.dumps(configuration, indent=2)}\n")


@dataclass(frozen=True)
class FileFacts:
    """What `bee network show` tells of a file."""

    role: str
    member: str
    endpoints: tuple[str, ...]
    valid_from: datetime
    valid_until: datetime
    authority_until: datetime
    grants: dict[str, list[str]]
    members: tuple[str, ...]


def read(path: Path) -> FileFacts:
    """What is in a file that `bee network` wrote. Raises NetworkError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        content = json.loads("\n".join(line for line in lines if not line.lstrip().startswith("//")))
        about = content["metadata"]["ros_network"]
        tls = content
        for key in _TLS:
            tls = tls[key]
        certificate = tls.get("connect_certificate_base64") or tls["listen_certificate_base64"]
        valid_from, valid_until = validity(base64.b64decode(certificate))
        authority_until = validity(base64.b64decode(tls["root_ca_certificate_base64"]))[1]
        is_router = about["role"] == "router"
        return FileFacts(
            about["role"],
            about.get("member", "router"),
            tuple(content["listen" if is_router else "connect"]["endpoints"]),
            valid_from,
            min(valid_until, authority_until),
            authority_until,
            about.get("grants", {}),
            tuple(subject["id"] for subject in content.get("access_control", {}).get("subjects", [])),
        )
    except OSError as error:
        raise NetworkError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise NetworkError(
            f"{path} is no file of `bee network` ({type(error).__name__}: {error}); give a member's or router's .json5"
        ) from None
