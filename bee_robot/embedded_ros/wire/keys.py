"""Key expressions of rmw_zenoh_cpp: data keys, liveliness tokens, QoS in tokens."""

from __future__ import annotations

from dataclasses import dataclass

ADMIN_SPACE = "@ros2_lv"
NO_TYPE_HASH = "TypeHashNotSupported"
"""What Humble, which has no type hashes, puts in their place."""

NODE, PUBLISHER, SUBSCRIPTION, SERVICE, CLIENT = "NN", "MP", "MS", "SS", "SC"

INFINITE_NS = 9223372036854775807
_DEFAULT_DEPTH = 42
_RELIABLE, _VOLATILE, _KEEP_LAST, _AUTOMATIC = 1, 2, 1, 1


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
        """The inverse; ValueError if the text is not of that form."""
        parts = text.split(":")
        if len(parts) != 6:
            raise ValueError(f"QoS {text!r} has {len(parts)} parts, not 6")
        history, depth = parts[2].split(",")
        liveliness, lease = parts[5].split(",", 1)
        return cls(
            int(parts[0] or _RELIABLE),
            int(parts[1] or _VOLATILE),
            int(history or _KEEP_LAST),
            int(depth or _DEFAULT_DEPTH),
            _decode_duration(parts[3]),
            _decode_duration(parts[4]),
            int(liveliness or _AUTOMATIC),
            _decode_duration(lease),
        )


def _unless(value: int, default: int) -> str:
    return "" if value == default else str(value)


def _encode_duration(duration_ns: int) -> str:
    if duration_ns >= INFINITE_NS:
        return ","
    infinite_s, infinite_rest = divmod(INFINITE_NS, 10**9)
    seconds, rest = divmod(duration_ns, 10**9)
    return f"{_unless(seconds, infinite_s)},{_unless(rest, infinite_rest)}"


def _decode_duration(text: str) -> int:
    infinite_s, infinite_rest = divmod(INFINITE_NS, 10**9)
    seconds, rest = text.split(",")
    return (int(seconds) if seconds else infinite_s) * 10**9 + (int(rest) if rest else infinite_rest)


@dataclass(frozen=True)
class Token:
    """One entity of the graph, as its liveliness token tells it. `name` is empty for a node."""

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

    def key(self) -> str:
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
        if len(parts) not in (9, 13) or parts[0] != ADMIN_SPACE:
            raise ValueError(f"{key!r} is no liveliness token of rmw_zenoh_cpp")
        # An empty enclave is written as % too, so that % alone has to mean empty there.
        enclave = "" if parts[6] == "%" else unmangle(parts[6])
        node = (int(parts[1]), parts[2], int(parts[3]), int(parts[4]), parts[5], enclave)
        namespace, node_name = unmangle(parts[7]), unmangle(parts[8])
        if len(parts) == 9:
            return cls(*node, namespace, node_name)
        return cls(
            *node,
            namespace,
            node_name,
            unmangle(parts[9]),
            unmangle(parts[10]),
            unmangle(parts[11]),
            WireQos.decode(parts[12]),
        )
