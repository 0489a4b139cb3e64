"""Grants as access rules of a Zenoh router.

The router looks at each message of a member, by the common name of its certificate, and lets through what a
rule allows; the rest is dropped without a word. What it can look at is the kind of message, the direction and
the key; keys are those of rmw_zenoh_cpp:

- data `<domain>/<name>/<type>/<hash>`; with `/@adv/...` behind it what keeps transient-local topics;
- entities `@ros2_lv/<domain>/<session>/<node id>/<id>/<kind>/<enclave>/<namespace>/<node>[/<name>/<type>/<hash>/<qos>]`.

A key expression that asks for more than is allowed (`0/**`) is refused as a whole. Chunks that begin with @ are
matched by themselves alone, never by a wildcard, which is why they are written out here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bee_robot.cli.networking.roles import EVERYTHING, OF_EVERY_NODE, Grants

Rule = dict[str, Any]


@dataclass(frozen=True)
class Admitted:
    """A member as the router sees it: the common names of its certificates, and what it may do."""

    certificates: tuple[str, ...]
    grants: Grants


def access_control(members: dict[str, Admitted], domain_id: int) -> dict[str, Any]:
    """The `access_control` of a router's configuration."""
    rules: list[Rule] = []
    policies = []
    for name, member in sorted(members.items()):
        own = _rules(name, member.grants, domain_id)
        rules += own
        policies.append({"id": name, "rules": [rule["id"] for rule in own], "subjects": [name]})
    return {
        "enabled": True,
        "default_permission": "deny",
        "rules": rules,
        "subjects": [
            {"id": name, "cert_common_names": list(member.certificates)}
            for name, member in sorted(members.items())
        ],
        "policies": policies,
    }


def _rules(name: str, granted: Grants, domain_id: int) -> list[Rule]:
    """What may come in from a member, and what may go out to it."""
    publish, subscribe = _data(granted.publish, domain_id), _data(granted.subscribe, domain_id)
    serve = _data(granted.serve, domain_id)
    call = _data(granted.call, domain_id) + _services_of_types(granted.call_types, domain_id)
    kept, asked = _kept(granted.publish, domain_id), _kept(granted.subscribe, domain_id)
    graph = [f"@ros2_lv/{domain_id}/**"]
    allowed = {
        "ingress": {
            "put": publish + kept,
            "reply": publish + serve,
            "declare_queryable": serve + kept,
            "liveliness_token": _own_tokens(granted, domain_id) + kept,
            "declare_subscriber": subscribe + asked,
            "query": call + asked,
            "liveliness_query": graph + asked,
            "declare_liveliness_subscriber": graph + asked,
        },
        "egress": {
            "put": subscribe + asked,
            "reply": call + subscribe,
            "declare_queryable": call + asked,
            "liveliness_token": _seen_tokens(granted, domain_id) + asked,
            "declare_subscriber": publish + kept,
            "query": serve + kept,
            "liveliness_query": graph + kept,
            "declare_liveliness_subscriber": graph + kept,
        },
    }
    return [
        {
            "id": f"{name}: {flow} {message}",
            "permission": "allow",
            "flows": [flow],
            "messages": [message],
            "key_exprs": sorted(set(keys)),
        }
        for flow, messages in allowed.items()
        for message, keys in messages.items()
        if keys
    ]


def _data(patterns: tuple[str, ...], domain_id: int) -> list[str]:
    return [f"{domain_id}{p}" if p.endswith("/**") else f"{domain_id}{p}/*/*" for p in patterns]


def _kept(patterns: tuple[str, ...], domain_id: int) -> list[str]:
    """Where transient-local publishers keep messages of these topics, and say how many they sent."""
    return [f"{key}/@adv/**" for key in _data(patterns, domain_id)]


def _services_of_types(types: tuple[str, ...], domain_id: int) -> list[str]:
    return [f"{domain_id}/**/{_wire_type(each)}/*" for each in types]


def _wire_type(name: str) -> str:
    package, kind, short = name.split("/")
    return f"{package}::{kind}::dds_::{short}_"


def _mangled(patterns: tuple[str, ...]) -> list[str]:
    """Patterns of names as chunks of a token, where % stands for /."""
    if EVERYTHING in patterns:
        return ["*"]
    return [p.removesuffix("**").replace("/", "%") + ("$*" if p.endswith("/**") else "") for p in patterns]


def _namespaces(namespaces: tuple[str, ...]) -> list[str]:
    found = []
    for namespace in namespaces:
        chunk = namespace.replace("/", "%")
        found += [chunk] if namespace == "/" else [chunk, f"{chunk}%$*"]
    return found


def _token(domain_id: int, kind: str, namespace: str, name: str = "", wire_type: str = "*") -> str:
    node = f"@ros2_lv/{domain_id}/*/*/*/{kind}/*/{namespace}/*"
    return f"{node}/{name}/{wire_type}/*/*" if name else node


def _own_tokens(granted: Grants, domain_id: int) -> list[str]:
    """What a member may say of itself: nodes in its namespaces, with endpoints that it may have."""
    kinds = {"MP": granted.publish, "MS": granted.subscribe, "SS": granted.serve, "SC": granted.call}
    found = []
    for namespace in _namespaces(granted.namespaces):
        found.append(_token(domain_id, "NN", namespace))
        for kind, patterns in kinds.items():
            found += [_token(domain_id, kind, namespace, name) for name in _mangled(patterns)]
        for each in granted.call_types:
            found.append(_token(domain_id, "SC", namespace, "*", _wire_type(each)))
    return found


def _seen_tokens(granted: Grants, domain_id: int) -> list[str]:
    """What a member hears of others: all where it may see everything, else who deals with its own names."""
    if EVERYTHING in granted.subscribe:
        return [f"@ros2_lv/{domain_id}/**"]
    own = [p for p in (*granted.publish, *granted.subscribe) if p not in OF_EVERY_NODE]
    return [
        *(_token(domain_id, "NN", namespace) for namespace in _namespaces(("/", *granted.namespaces))),
        *(_token(domain_id, "*", "*", name) for name in _mangled(tuple(own))),
    ]
