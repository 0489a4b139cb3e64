"""Message classes: defaults, strict fields, equality, text, bytes."""

from __future__ import annotations

import array
import copy
import pickle

import numpy
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from example_interfaces.action import Fibonacci
from example_interfaces.srv import AddTwoInts
from geometry_msgs.msg import Point, Pose, Quaternion
from rcl_interfaces.msg import ParameterDescriptor
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, JointState
from std_msgs.msg import Bool, Byte, Float32, Float64, Header, Int8, String, UInt8, UInt8MultiArray, UInt64
from unique_identifier_msgs.msg import UUID


def test_defaults_are_those_of_the_definition() -> None:
    assert String().data == ""
    assert Float64().data == 0.0 and isinstance(Float64().data, float)
    assert Quaternion().w == 1.0 and Quaternion().x == 0.0
    assert Image().data == array.array("B")
    assert JointState().position == array.array("d")
    assert list(CameraInfo().k) == [0.0] * 9 and CameraInfo().k.dtype == numpy.float64
    assert UUID().uuid.dtype == numpy.uint8 and len(UUID().uuid) == 16
    assert DiagnosticStatus().level == b"\x00"


def test_constructor_takes_fields_by_name_and_refuses_others() -> None:
    message = Point(x=1.0, z=3.0)
    assert (message.x, message.y, message.z) == (1.0, 0.0, 3.0)
    with pytest.raises(AssertionError):
        Point(w=1.0)


def test_instances_do_not_share_what_can_change() -> None:
    first, second = JointState(), JointState()
    first.name.append("lift")
    first.position.append(1.0)
    assert second.name == [] and len(second.position) == 0


@pytest.mark.parametrize(
    ("make", "value"),
    [
        (Float64, 1),
        (Float64, "1.0"),
        (Float32, numpy.float32(1.0)),
        (Float32, 1e39),
        (Int8, 128),
        (Int8, 1.0),
        (UInt8, -1),
        (UInt64, 2**64),
        (UInt64, numpy.uint64(1)),
        (Bool, 1),
        (Bool, numpy.bool_(True)),
        (String, b"bytes"),
        (String, None),
        (Byte, 1),
        (Byte, b"ab"),
    ],
)
def test_wrong_scalars_are_refused(make: type, value: object) -> None:
    message = make()
    before = message.data
    with pytest.raises(AssertionError):
        message.data = value
    assert message.data == before


def test_edges_of_ranges_are_allowed() -> None:
    Int8(data=-128)
    UInt64(data=2**64 - 1)
    Float32(data=float("inf"))
    Float64(data=numpy.float64(2.5))
    Byte(data=b"\xff")


def test_nested_messages_are_checked_by_class() -> None:
    pose = Pose()
    with pytest.raises(AssertionError):
        pose.position = (1.0, 2.0, 3.0)
    pose.position = Point(x=1.0)
    assert pose.position.x == 1.0


def test_sequences_of_numbers_become_arrays() -> None:
    state = JointState(position=[1.0, 2.0])
    assert isinstance(state.position, array.array) and state.position.typecode == "d"
    with pytest.raises(AssertionError):
        state.position = [1, 2]
    with pytest.raises(AssertionError):
        state.position = array.array("f", [1.0])
    with pytest.raises(AssertionError):
        state.position = numpy.array([1.0, 2.0], dtype=numpy.float32).tolist() + ["x"]
    with pytest.raises(AssertionError):
        state.name = "lift"


def test_an_assigned_array_is_taken_over_not_copied() -> None:
    pixels = array.array("B", bytes(10))
    image = Image()
    image.data = pixels
    assert image.data is pixels
    assert Image(data=pixels).data == pixels  # may be a copy, as in Humble


def test_fixed_arrays_have_their_length() -> None:
    info = CameraInfo()
    info.k = [float(i) for i in range(9)]
    assert isinstance(info.k, numpy.ndarray) and info.k[8] == 8.0
    with pytest.raises(AssertionError):
        info.k = [1.0] * 8
    with pytest.raises(AssertionError):
        info.k = numpy.zeros(9, dtype=numpy.float32)
    identity = UUID()
    with pytest.raises(AssertionError):
        identity.uuid = [300] * 16


def test_lists_of_messages_are_checked_by_element() -> None:
    status = DiagnosticStatus(values=[KeyValue(key="a", value="b")])
    with pytest.raises(AssertionError):
        status.values = ["a"]
    assert status.values[0].key == "a"


def test_constants_belong_to_the_class() -> None:
    assert DiagnosticStatus.ERROR == b"\x02"
    assert DiagnosticStatus().WARN == b"\x01"


def test_equality_compares_content() -> None:
    assert Point(x=1.0) == Point(x=1.0)
    assert Point(x=1.0) != Point(x=2.0)
    assert Point() != Quaternion()
    assert CameraInfo(k=[1.0] * 9) == CameraInfo(k=[1.0] * 9)
    # Where only some elements of a fixed array differ, Humble calls the messages equal.
    assert CameraInfo(k=[1.0] * 9) != CameraInfo(k=[2.0] * 9)


def test_text_names_type_and_fields() -> None:
    assert repr(String(data="a")) == "std_msgs.msg.String(data='a')"
    assert "position=[1.0]" in repr(JointState(position=[1.0]))
    assert "velocity=[]" in repr(JointState())
    assert repr(AddTwoInts.Request(a=1)) == "example_interfaces.srv.AddTwoInts_Request(a=1, b=0)"


def test_field_types_are_told() -> None:
    assert Header.get_fields_and_field_types() == {"stamp": "builtin_interfaces/Time", "frame_id": "string"}
    assert JointState.get_fields_and_field_types()["position"] == "sequence<double>"
    assert CameraInfo.get_fields_and_field_types()["k"] == "double[9]"
    assert DiagnosticStatus.get_fields_and_field_types()["level"] == "octet"
    assert ParameterDescriptor.get_fields_and_field_types()["integer_range"] == (
        "sequence<rcl_interfaces/IntegerRange, 1>"
    )


def test_bounded_sequences_keep_their_bound() -> None:
    from rcl_interfaces.msg import IntegerRange

    ParameterDescriptor(integer_range=[IntegerRange()])
    with pytest.raises(AssertionError):
        ParameterDescriptor(integer_range=[IntegerRange(), IntegerRange()])


def test_services_and_actions_are_not_made() -> None:
    with pytest.raises(NotImplementedError):
        AddTwoInts()
    with pytest.raises(NotImplementedError):
        Fibonacci()
    assert Fibonacci.Goal(order=3).order == 3
    assert list(Fibonacci.Result(sequence=[1, 2]).sequence) == [1, 2]


def test_messages_can_be_copied_and_pickled() -> None:
    state = JointState(name=["a"], position=[1.0])
    duplicate = copy.deepcopy(state)
    duplicate.name.append("b")
    assert state.name == ["a"]
    assert pickle.loads(pickle.dumps(state)) == state


def test_bytes_are_little_endian_cdr() -> None:
    assert serialize_message(String(data="hi"))[:11] == b"\x00\x01\x00\x00\x03\x00\x00\x00hi\x00"
    assert serialize_message(Time(sec=1, nanosec=2)) == bytes.fromhex(
        "00010000 01000000 02000000".replace(" ", "")
    )
    # A double after a byte is aligned to eight bytes from the start of the payload.
    assert serialize_message(Float64(data=1.0))[4:] == bytes.fromhex("000000000000f03f")


@pytest.mark.parametrize(
    "message",
    [
        String(data="grüße"),
        Header(stamp=Time(sec=-5, nanosec=7), frame_id="tower"),
        JointState(name=["lift", "scan"], position=[0.1, 0.2], effort=[3.0]),
        CameraInfo(width=7, d=[1.0, 2.0], k=[float(i) for i in range(9)]),
        CompressedImage(format="jpeg", data=array.array("B", bytes(range(200)))),
        DiagnosticStatus(level=b"\x02", name="x", values=[KeyValue(key="k", value="v")]),
        UInt8MultiArray(data=[1, 2, 255]),
        Pose(position=Point(x=1.5), orientation=Quaternion(w=0.5)),
        AddTwoInts.Request(a=-(2**63), b=2**63 - 1),
    ],
    ids=lambda m: type(m).__name__,
)
def test_what_was_serialised_comes_back_equal(message: object) -> None:
    data = serialize_message(message)
    assert isinstance(data, bytes)
    back = deserialize_message(data, type(message))
    assert back == message and type(back) is type(message)


def test_received_arrays_have_the_types_that_were_sent() -> None:
    back = deserialize_message(serialize_message(Image(data=array.array("B", b"abc"))), Image)
    assert isinstance(back.data, array.array) and back.data.typecode == "B"
    info = deserialize_message(serialize_message(CameraInfo()), CameraInfo)
    info.k[0] = 5.0  # can be written to
    assert info.k[0] == 5.0


def test_bytes_that_do_not_fit_are_an_error() -> None:
    with pytest.raises(Exception):  # noqa: B017  rclpy raises an exception of its C layer
        deserialize_message(b"\x00\x01\x00\x00\xff\xff", JointState)


def test_own_interfaces_are_there() -> None:
    from bee_robot_interfaces.action import InspectBox
    from bee_robot_interfaces.msg import AxisMove, Segment

    segment = Segment(name="peel", axes=[AxisMove(axis="lift", position=0.1)], dwell=0.5)
    assert deserialize_message(serialize_message(segment), Segment) == segment
    assert hasattr(InspectBox, "Goal") and hasattr(InspectBox, "Feedback")
