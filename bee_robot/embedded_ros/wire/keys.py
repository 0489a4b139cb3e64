"""Key expressions of rmw_zenoh_cpp: data keys, liveliness tokens, QoS in tokens."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

ADMIN_SPACE = "@ros2_lv"
NO_TYPE_HASH = "TypeHashNotSupported"
"""What Humble, which has no type hashes, puts in their place. Nothing else differs there."""

TYPE_HASH_SWITCH = "BEE_ROS_TYPE_HASHES"
"""Environment variable: `humble` puts that literal into all keys; unset or `rihs01`: hashes."""

NODE, PUBLISHER, SUBSCRIPTION, SERVICE, CLIENT = "NN", "MP", "MS", "SS", "SC"
_KINDS = frozenset((NODE, PUBLISHER, SUBSCRIPTION, SERVICE, CLIENT))

INFINITE_NS = 9223372036854775807
_DEFAULT_DEPTH = 42
_RELIABLE, _VOLATILE, _KEEP_LAST, _AUTOMATIC = 1, 2, 1, 1
_UNKNOWN, _UNKNOWN_LIVELINESS = 3, 4
_DIGITS_MAX = 20  # of 64 bits
_SHOWN_MAX = 200
_NODE_CHUNKS, _ENDPOINT_CHUNKS = 9, 13


def hash_in_keys(type_hash: str) -> str:
    """The hash, or the literal if the environment says that peers are of Humble.

    ValueError for an environment setting of another form.
    """
    setting = os.environ.get(TYPE_HASH_SWITCH, "").strip().lower()
    if setting in ("", "rihs01"):
        return type_hash
    if setting == "humble":
        return NO_TYPE_HASH
    raise ValueError(f"{TYPE_HASH_SWITCH}={setting!r} is neither 'humble' nor 'rihs01' (the default)")


def wire_type_name(full_name: str) -> str:
    """`std_msgs/msg/String` -> `std_msgs::msg::dds_::String_`."""
    package, kind, name = full_name.split("/")
    return f"{package}::{kind}::dds_::{name}_"


def ros_type_name(wire_name: str) -> str:
    """The inverse of `wire_type_name`; a name of another form is given back as it is."""
    parts = wire_name.split("::")
    if len(parts) == 4 and parts[2] == "dds_" and parts[3].endswith("_"):
        return f"{parts[0]}/{parts[1]}/{parts[3][:-1]}"
    return wire_name


def data_key(domain_id: int, name: str, wire_type: str, type_hash: str) -> str:
    """Key of a topic or service: `<domain>/<name without slashes around it>/<type>/<hash>`."""
    return f"{domain_id}/{name.strip('/')}/{wire_type}/{type_hash}"


def mangle(name: str) -> str:
    """A name as one chunk of a token: `%` for `/`; empty becomes `%`."""
    return name.replace("/", "%") if name else "%"


def unmangle(chunk: str) -> str:
    return chunk.replace("%", "/")


@dataclass(frozen=True)
class WireQos:
    """QoS as tokens carry it: policy numbers of rmw, durations in nanoseconds (INFINITE_NS: none)."""

    reliability: int = _RELIABLE
    durability: int = _VOLATILE
    history: int = _KEEP_LAST
    depth: int = _DEFAULT_DEPTH
    deadline_ns: int = INFINITE_NS
    lifespan_ns: int = INFINITE_NS
    liveliness: int = _AUTOMATIC
    lease_ns: int = INFINITE_NS

    def encode(self) -> str:
        """`reliability:durability:history,depth:deadline:lifespan:liveliness`, empty where default."""
        return ":".join(
            (
                _unless(self.reliability, _RELIABLE),
                _unless(self.durability, _VOLATILE),
                f"{_unless(self.history, _KEEP_LAST)},{_unless(self.depth, _DEFAULT_DEPTH)}",
                _encode_duration(self.deadline_ns),
                _encode_duration(self.lifespan_ns),
                f"{_unless(self.liveliness, _AUTOMATIC)},{_encode_duration(self.lease_ns)}",
            )
        )

    @classmethod
    def decode(cls, text: str) -> WireQos:
        """The inverse; ValueError if the text is not of that form.

        A policy that this release does not know (best available, say) is told as unknown.
        """
        parts = [part.split(",") for part in text.split(":")]
        if len(parts) < 6 or any(len(part) < size for part, size in zip(parts, (1, 1, 2, 2, 2, 3))):
            raise ValueError(f"QoS {text[:_SHOWN_MAX]!r} is not of the form of rmw_zenoh_cpp")
        return cls(
            _policy(parts[0][0], _RELIABLE, (0, 1, 2), _UNKNOWN),
            _policy(parts[1][0], _VOLATILE, (0, 1, 2), _UNKNOWN),
            _policy(parts[2][0], _KEEP_LAST, (0, 1, 2), _UNKNOWN),
            _number(parts[2][1], _DEFAULT_DEPTH),
            _decode_duration(parts[3]),
            _decode_duration(parts[4]),
            _policy(parts[5][0], _AUTOMATIC, (0, 1, 3), _UNKNOWN_LIVELINESS),
            _decode_duration(parts[5][1:]),
        )


def _number(text: str, default: int | None = None) -> int:
    """A number of a token, at most what fits 63 bits; ValueError if it is none."""
    if not text and default is not None:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > _DIGITS_MAX:
        raise ValueError(f"{text[:_SHOWN_MAX]!r} is no number")
    return min(int(text), INFINITE_NS)


def _policy(text: str, default: int, known: tuple[int, ...], unknown: int) -> int:
    number = _number(text, default)
    return number if number in known else unknown


def _unless(value: int, default: int) -> str:
    return "" if value == default else str(value)


def _encode_duration(duration_ns: int) -> str:
    if duration_ns >= INFINITE_NS:
        return ","
    infinite_s, infinite_rest = divmod(INFINITE_NS, 10**9)
    seconds, rest = divmod(duration_ns, 10**9)
    return f"{_unless(seconds, infinite_s)},{_unless(rest, infinite_rest)}"


def _decode_duration(parts: list[str]) -> int:
    infinite_s, infinite_rest = divmod(INFINITE_NS, 10**9)
    return min(_number(parts[0], infinite_s) * 10**9 + _number(parts[1], infinite_rest), INFINITE_NS)


@dataclass(frozen=True)
class Token:
    """One entity of the graph, as its liveliness token tells it. `name` is empty for a node.

    `text` is the key that the token was read from: its gid is the hash of exactly that, and later
    releases put more behind the QoS (`backends:...` where Lyrical passes buffers by reference).
    """

    domain_id: int
    session_id: str
    node_id: int
    entity_id: int
    kind: str
    enclave: str
    namespace: str
    node_name: str
    name: str = ""
    wire_type: str = ""
    type_hash: str = ""
    qos: WireQos | None = None
    text: str = field(default="", compare=False, repr=False)

    @property
    def node_path(self) -> str:
        """Namespace and name of the node: `/tower/driver`."""
        return f"{self.namespace.rstrip('/')}/{self.node_name}"

    def key(self) -> str:
        if self.text:
            return self.text
        parts = [
            ADMIN_SPACE,
            str(self.domain_id),
            self.session_id,
            str(self.node_id),
            str(self.entity_id),
            self.kind,
            mangle(self.enclave),
            mangle(self.namespace),
            mangle(self.node_name),
        ]
        if self.kind != NODE:
            qos = (self.qos or WireQos()).encode()
            parts += [mangle(self.name), mangle(self.wire_type), mangle(self.type_hash), qos]
        return "/".join(parts)

    @classmethod
    def parse(cls, key: str) -> Token:
        """The token of a key; ValueError if it is none of rmw_zenoh_cpp's."""
        parts = key.split("/")
        is_node = len(parts) >= _NODE_CHUNKS and parts[5] == NODE
        is_complete = is_node or len(parts) >= _ENDPOINT_CHUNKS
        if not is_complete or parts[0] != ADMIN_SPACE or parts[5] not in _KINDS or not all(parts):
            raise ValueError(f"{key[:_SHOWN_MAX]!r} is no liveliness token of rmw_zenoh_cpp")
        # An empty enclave is written as % too, so that % alone has to mean empty there.
        enclave = "" if parts[6] == "%" else unmangle(parts[6])
        numbers = [_number(parts[i]) for i in (1, 3, 4)]
        node = (numbers[0], parts[2], numbers[1], numbers[2], parts[5], enclave)
        names = [unmangle(part) for part in parts[7:12]]
        if is_node:
            return cls(*node, names[0], names[1], text=key)
        return cls(*node, *names, WireQos.decode(parts[12]), text=key)
