"""Quality of service profiles."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Any

from rclpy.duration import Duration

from bee_robot.embedded_ros.wire.keys import INFINITE_NS, WireQos

_UNSPECIFIED = Duration()
_DEFAULT_DEPTH = 10


class QoSPolicyKind(IntEnum):
    """Bits that name a policy in events."""

    INVALID = 1
    DURABILITY = 2
    DEADLINE = 4
    LIVELINESS = 8
    RELIABILITY = 16
    HISTORY = 32
    LIFESPAN = 64
    DEPTH = 128
    LIVELINESS_LEASE_DURATION = 256
    AVOID_ROS_NAMESPACE_CONVENTIONS = 512


def qos_policy_name_from_kind(policy_kind: QoSPolicyKind | int) -> str:
    return QoSPolicyKind(policy_kind).name


class InvalidQoSProfileException(Exception):
    """A profile whose parts do not belong together."""

    def __init__(self, *args: Any) -> None:
        super().__init__("Invalid QoSProfile", *args)


class QoSPolicyEnum(IntEnum):
    """Base of the policies; short keys are those of the command line."""

    # Python 3.11 prints members of an IntEnum as bare numbers.
    __str__ = Enum.__str__

    @classmethod
    def short_keys(cls) -> list[str]:
        return [k.lower() for k in cls.__members__ if not k.startswith("RMW")]

    @classmethod
    def get_from_short_key(cls, name: str) -> Any:
        return cls[name.upper()].value

    @property
    def short_key(self) -> str:
        for key, value in self.__class__.__members__.items():
            if not key.startswith("RMW") and self.value == value:
                return key.lower()
        raise AttributeError("failed to find value in class")


class HistoryPolicy(QoSPolicyEnum):
    SYSTEM_DEFAULT = 0
    RMW_QOS_POLICY_HISTORY_SYSTEM_DEFAULT = 0
    KEEP_LAST = 1
    RMW_QOS_POLICY_HISTORY_KEEP_LAST = 1
    KEEP_ALL = 2
    RMW_QOS_POLICY_HISTORY_KEEP_ALL = 2
    UNKNOWN = 3
    RMW_QOS_POLICY_HISTORY_UNKNOWN = 3


class ReliabilityPolicy(QoSPolicyEnum):
    SYSTEM_DEFAULT = 0
    RMW_QOS_POLICY_RELIABILITY_SYSTEM_DEFAULT = 0
    RELIABLE = 1
    RMW_QOS_POLICY_RELIABILITY_RELIABLE = 1
    BEST_EFFORT = 2
    RMW_QOS_POLICY_RELIABILITY_BEST_EFFORT = 2
    UNKNOWN = 3
    RMW_QOS_POLICY_RELIABILITY_UNKNOWN = 3
    BEST_AVAILABLE = 4
    RMW_QOS_POLICY_RELIABILITY_BEST_AVAILABLE = 4


class DurabilityPolicy(QoSPolicyEnum):
    SYSTEM_DEFAULT = 0
    RMW_QOS_POLICY_DURABILITY_SYSTEM_DEFAULT = 0
    TRANSIENT_LOCAL = 1
    RMW_QOS_POLICY_DURABILITY_TRANSIENT_LOCAL = 1
    VOLATILE = 2
    RMW_QOS_POLICY_DURABILITY_VOLATILE = 2
    UNKNOWN = 3
    RMW_QOS_POLICY_DURABILITY_UNKNOWN = 3
    BEST_AVAILABLE = 4
    RMW_QOS_POLICY_DURABILITY_BEST_AVAILABLE = 4


class LivelinessPolicy(QoSPolicyEnum):
    SYSTEM_DEFAULT = 0
    RMW_QOS_POLICY_LIVELINESS_SYSTEM_DEFAULT = 0
    AUTOMATIC = 1
    RMW_QOS_POLICY_LIVELINESS_AUTOMATIC = 1
    MANUAL_BY_TOPIC = 3
    RMW_QOS_POLICY_LIVELINESS_MANUAL_BY_TOPIC = 3
    UNKNOWN = 4
    RMW_QOS_POLICY_LIVELINESS_UNKNOWN = 4
    BEST_AVAILABLE = 5
    RMW_QOS_POLICY_LIVELINESS_BEST_AVAILABLE = 5


QoSHistoryPolicy = HistoryPolicy
QoSReliabilityPolicy = ReliabilityPolicy
QoSDurabilityPolicy = DurabilityPolicy
QoSLivelinessPolicy = LivelinessPolicy


class QoSProfile:
    """Policies of a publisher or subscription. `history` or `depth` must be given."""

    __slots__ = (
        "_history",
        "_depth",
        "_reliability",
        "_durability",
        "_lifespan",
        "_deadline",
        "_liveliness",
        "_liveliness_lease_duration",
        "_avoid_ros_namespace_conventions",
    )

    def __init__(self, **kwargs: Any) -> None:
        unknown = [k for k in kwargs if f"_{k}" not in self.__slots__]
        assert not unknown, f"Invalid arguments passed to constructor: {kwargs.keys()!r}"
        if "history" not in kwargs:
            if "depth" not in kwargs:
                raise InvalidQoSProfileException("History and/or depth settings are required.")
            self.history = HistoryPolicy.KEEP_LAST
        else:
            self.history = kwargs["history"]
        if self.history == HistoryPolicy.KEEP_LAST and "depth" not in kwargs:
            raise InvalidQoSProfileException("History set to KEEP_LAST without a depth setting.")
        self.depth = kwargs.get("depth", _DEFAULT_DEPTH)
        self.reliability = kwargs.get("reliability", ReliabilityPolicy.RELIABLE)
        self.durability = kwargs.get("durability", DurabilityPolicy.VOLATILE)
        self.lifespan = kwargs.get("lifespan", _UNSPECIFIED)
        self.deadline = kwargs.get("deadline", _UNSPECIFIED)
        self.liveliness = kwargs.get("liveliness", LivelinessPolicy.SYSTEM_DEFAULT)
        self.liveliness_lease_duration = kwargs.get("liveliness_lease_duration", _UNSPECIFIED)
        self.avoid_ros_namespace_conventions = kwargs.get("avoid_ros_namespace_conventions", False)

    @property
    def history(self) -> HistoryPolicy:
        return self._history

    @history.setter
    def history(self, value: HistoryPolicy | int) -> None:
        assert isinstance(value, (HistoryPolicy, int))
        self._history = HistoryPolicy(value)

    @property
    def reliability(self) -> ReliabilityPolicy:
        return self._reliability

    @reliability.setter
    def reliability(self, value: ReliabilityPolicy | int) -> None:
        assert isinstance(value, (ReliabilityPolicy, int))
        self._reliability = ReliabilityPolicy(value)

    @property
    def durability(self) -> DurabilityPolicy:
        return self._durability

    @durability.setter
    def durability(self, value: DurabilityPolicy | int) -> None:
        assert isinstance(value, (DurabilityPolicy, int))
        self._durability = DurabilityPolicy(value)

    @property
    def liveliness(self) -> LivelinessPolicy:
        return self._liveliness

    @liveliness.setter
    def liveliness(self, value: LivelinessPolicy | int) -> None:
        assert isinstance(value, (LivelinessPolicy, int))
        self._liveliness = LivelinessPolicy(value)

    @property
    def depth(self) -> int:
        return self._depth

    @depth.setter
    def depth(self, value: int) -> None:
        assert isinstance(value, int)
        if value < 0:
            raise ValueError("history depth must be greater than or equal to zero")
        self._depth = value

    @property
    def lifespan(self) -> Duration:
        return self._lifespan

    @lifespan.setter
    def lifespan(self, value: Duration) -> None:
        assert isinstance(value, Duration)
        self._lifespan = value

    @property
    def deadline(self) -> Duration:
        return self._deadline

    @deadline.setter
    def deadline(self, value: Duration) -> None:
        assert isinstance(value, Duration)
        self._deadline = value

    @property
    def liveliness_lease_duration(self) -> Duration:
        return self._liveliness_lease_duration

    @liveliness_lease_duration.setter
    def liveliness_lease_duration(self, value: Duration) -> None:
        assert isinstance(value, Duration)
        self._liveliness_lease_duration = value

    @property
    def avoid_ros_namespace_conventions(self) -> bool:
        return self._avoid_ros_namespace_conventions

    @avoid_ros_namespace_conventions.setter
    def avoid_ros_namespace_conventions(self, value: bool) -> None:
        assert isinstance(value, bool)
        self._avoid_ros_namespace_conventions = value

    def get_c_qos_profile(self) -> QoSProfile:
        """The profile itself; rclpy gives an object of its C layer here, which has `to_dict` too."""
        return self

    def to_dict(self) -> dict[str, Any]:
        """The policies by name: `QoSProfile(**profile.to_dict()) == profile`."""
        return {slot[1:]: getattr(self, slot) for slot in self.__slots__}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, QoSProfile):
            return False
        return all(getattr(self, slot) == getattr(other, slot) for slot in self.__slots__)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        parts = (f"{slot[1:]}={getattr(self, slot)!s}" for slot in self.__slots__)
        return f"{type(self).__name__}({', '.join(parts)})"

    __repr__ = __str__


def to_wire(profile: QoSProfile) -> WireQos:
    """The profile with system defaults filled in as rmw_zenoh_cpp does."""
    return WireQos(
        reliability=2 if profile.reliability == ReliabilityPolicy.BEST_EFFORT else 1,
        durability=1 if profile.durability == DurabilityPolicy.TRANSIENT_LOCAL else 2,
        history=2 if profile.history == HistoryPolicy.KEEP_ALL else 1,
        depth=profile.depth or 42,
        deadline_ns=profile.deadline.nanoseconds or INFINITE_NS,
        lifespan_ns=profile.lifespan.nanoseconds or INFINITE_NS,
        liveliness=3 if profile.liveliness == LivelinessPolicy.MANUAL_BY_TOPIC else 1,
        lease_ns=profile.liveliness_lease_duration.nanoseconds or INFINITE_NS,
    )


def from_wire(wire: WireQos) -> QoSProfile:
    """The profile that a token tells of."""
    return QoSProfile(
        history=HistoryPolicy(wire.history),
        depth=wire.depth,
        reliability=ReliabilityPolicy(wire.reliability),
        durability=DurabilityPolicy(wire.durability),
        lifespan=Duration(nanoseconds=wire.lifespan_ns),
        deadline=Duration(nanoseconds=wire.deadline_ns),
        liveliness=LivelinessPolicy(wire.liveliness),
        liveliness_lease_duration=Duration(nanoseconds=wire.lease_ns),
    )


class QoSCompatibility(IntEnum):
    OK = 0
    WARNING = 1
    ERROR = 2


def qos_check_compatible(
    publisher_qos: QoSProfile, subscription_qos: QoSProfile
) -> tuple[QoSCompatibility, str]:
    """As rmw_zenoh_cpp answers: over Zenoh every publisher reaches every subscription.

    What a transient-local publisher has kept does not reach a volatile subscription: a warning.
    """
    late = publisher_qos.durability == DurabilityPolicy.TRANSIENT_LOCAL
    if late and subscription_qos.durability == DurabilityPolicy.VOLATILE:
        reason = "WARNING: Publisher's durability is TRANSIENT_LOCAL, but subscription's is VOLATILE;"
        return QoSCompatibility.WARNING, reason
    return QoSCompatibility.OK, ""


qos_profile_unknown = QoSProfile(
    history=HistoryPolicy.UNKNOWN,
    depth=0,
    reliability=ReliabilityPolicy.UNKNOWN,
    durability=DurabilityPolicy.UNKNOWN,
    liveliness=LivelinessPolicy.UNKNOWN,
)
qos_profile_default = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=10, liveliness=LivelinessPolicy.SYSTEM_DEFAULT
)
qos_profile_system_default = QoSProfile(
    history=HistoryPolicy.SYSTEM_DEFAULT,
    depth=0,
    reliability=ReliabilityPolicy.SYSTEM_DEFAULT,
    durability=DurabilityPolicy.SYSTEM_DEFAULT,
)
qos_profile_sensor_data = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
qos_profile_services_default = QoSProfile(depth=10)
qos_profile_parameters = QoSProfile(depth=1000)
qos_profile_parameter_events = QoSProfile(depth=1000)
qos_profile_best_available = QoSProfile(
    depth=10,
    reliability=ReliabilityPolicy.BEST_AVAILABLE,
    durability=DurabilityPolicy.BEST_AVAILABLE,
    liveliness=LivelinessPolicy.BEST_AVAILABLE,
)
qos_profile_action_status_default = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
qos_profile_rosout_default = QoSProfile(
    depth=1000, durability=DurabilityPolicy.TRANSIENT_LOCAL, lifespan=Duration(seconds=10)
)


class QoSPresetProfiles(Enum):
    """The profiles by name, as on the command line."""

    UNKNOWN = qos_profile_unknown
    DEFAULT = qos_profile_default
    SYSTEM_DEFAULT = qos_profile_system_default
    SENSOR_DATA = qos_profile_sensor_data
    SERVICES_DEFAULT = qos_profile_services_default
    PARAMETERS = qos_profile_parameters
    PARAMETER_EVENTS = qos_profile_parameter_events
    ACTION_STATUS_DEFAULT = qos_profile_action_status_default
    BEST_AVAILABLE = qos_profile_best_available

    @classmethod
    def short_keys(cls) -> list[str]:
        return [k.lower() for k in cls.__members__]

    @classmethod
    def get_from_short_key(cls, name: str) -> QoSProfile:
        return cls[name.upper()].value


def profile_from(given: QoSProfile | int) -> QoSProfile:
    """A profile from a profile, or from a depth: keep last `given`, otherwise default."""
    if isinstance(given, QoSProfile):
        return given
    if isinstance(given, int):
        if given < 0:
            raise ValueError("history depth must be greater than or equal to zero")
        return QoSProfile(depth=given)
    raise TypeError(f"Expected QoSProfile or int, but received {type(given)!r}")
