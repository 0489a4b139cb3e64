"""The wire format of rmw_zenoh_cpp, byte for byte as its design document and published types have it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bee_robot.embedded_ros.types import registry, sources
from bee_robot.embedded_ros.wire import keys
from bee_robot.embedded_ros.wire.attachment import GID_SIZE, Attachment, pack_attachment
from bee_robot.embedded_ros.wire.gid import entity_gid, xxh3_128

STRING_HASH = "RIHS01_df668c740482bbd48fb39d76a70dfd4bd59db1288021743503259e948f6b1a18"
STRING = "std_msgs::msg::dds_::String_"
ADD = "example_interfaces::srv::dds_::AddTwoInts_"
ADD_HASH = "RIHS01_e118de6bf5eeb66a2491b5bda11202e7b68f198d6f67922cf30364858239c81a"
ZID = "aac3178e146ba6f1fc6e6a4085e77f21"


def test_every_served_type_has_a_hash_of_its_own() -> None:
    seen: dict[str, str] = {}
    for package in sorted(sources.known_packages()):
        for name in sources.type_names(package, "msg"):
            full_name = f"{package}/msg/{name}"
            digest = registry.message_hash(registry.message_class(full_name))
            assert digest.startswith("RIHS01_") and len(digest) == 71
            assert digest not in seen, f"{full_name} and {seen.get(digest)} have one hash"
            seen[digest] = full_name


def test_data_keys() -> None:
    wire_type = keys.wire_type_name("std_msgs/msg/String")
    assert wire_type == "std_msgs::msg::dds_::String_"
    assert keys.ros_type_name(wire_type) == "std_msgs/msg/String"
    assert keys.data_key(0, "/chatter", wire_type, STRING_HASH) == f"0/chatter/{STRING}/{STRING_HASH}"
    assert (
        keys.data_key(0, "/robot1/chatter", wire_type, STRING_HASH)
        == f"0/robot1/chatter/{STRING}/{STRING_HASH}"
    )
    add = keys.wire_type_name("example_interfaces/srv/AddTwoInts")
    assert keys.data_key(2, "/add_two_ints", add, ADD_HASH) == f"2/add_two_ints/{ADD}/{ADD_HASH}"
    send_goal = keys.wire_type_name("example_interfaces/action/Fibonacci_SendGoal")
    assert send_goal == "example_interfaces::action::dds_::Fibonacci_SendGoal_"


def test_the_token_of_a_node() -> None:
    token = keys.Token(2, ZID, 0, 0, keys.NODE, "", "/", "listener")
    assert token.key() == f"@ros2_lv/2/{ZID}/0/0/NN/%/%/listener"
    assert keys.Token.parse(token.key()) == token


@pytest.mark.parametrize(
    ("kind", "namespace", "node", "name", "wire_type", "type_hash", "depth", "expected"),
    [
        (
            keys.SUBSCRIPTION,
            "/",
            "listener",
            "/chatter",
            STRING,
            STRING_HASH,
            10,
            f"MS/%/%/listener/%chatter/{STRING}/{STRING_HASH}/::,10:,:,:,,",
        ),
        (
            keys.PUBLISHER,
            "/",
            "talker",
            "/chatter",
            STRING,
            STRING_HASH,
            7,
            f"MP/%/%/talker/%chatter/{STRING}/{STRING_HASH}/::,7:,:,:,,",
        ),
        (
            keys.SERVICE,
            "/",
            "add_two_ints_server",
            "/add_two_ints",
            ADD,
            ADD_HASH,
            10,
            f"SS/%/%/add_two_ints_server/%add_two_ints/{ADD}/{ADD_HASH}/::,10:,:,:,,",
        ),
        (
            keys.CLIENT,
            "/",
            "add_two_ints_client",
            "/add_two_ints",
            ADD,
            ADD_HASH,
            10,
            f"SC/%/%/add_two_ints_client/%add_two_ints/{ADD}/{ADD_HASH}/::,10:,:,:,,",
        ),
        (
            keys.PUBLISHER,
            "/yard/tower_1",
            "camera",
            "/yard/tower_1/image_raw",
            STRING,
            STRING_HASH,
            42,
            f"MP/%/%yard%tower_1/camera/%yard%tower_1%image_raw/{STRING}/{STRING_HASH}/::,:,:,:,,",
        ),
    ],
)
def test_the_tokens_of_endpoints(
    kind: str, namespace: str, node: str, name: str, wire_type: str, type_hash: str, depth: int, expected: str
) -> None:
    """The first four stand in docs/design.md of rmw_zenoh."""
    qos = keys.WireQos(depth=depth)
    token = keys.Token(2, ZID, 0, 10, kind, "", namespace, node, name, wire_type, type_hash, qos)
    assert token.key() == f"@ros2_lv/2/{ZID}/0/10/{expected}"
    read = keys.Token.parse(token.key())
    assert read == token and read.key() == token.key()
    assert read.node_path == f"{namespace.rstrip('/')}/{node}"


@pytest.mark.parametrize(
    ("qos", "text"),
    [
        (keys.WireQos(), "::,:,:,:,,"),
        (keys.WireQos(depth=10), "::,10:,:,:,,"),
        (keys.WireQos(reliability=2, depth=5), "2::,5:,:,:,,"),
        (keys.WireQos(durability=1, depth=1000, lifespan_ns=10 * 10**9), ":1:,1000:,:10,0:,,"),
        (keys.WireQos(history=2), "::2,:,:,:,,"),
        (keys.WireQos(deadline_ns=1_500_000_000, liveliness=3), "::,:1,500000000:,:3,,"),
        (keys.WireQos(lease_ns=250_000_000), "::,:,:,:,0,250000000"),
        (keys.WireQos(2, 1, 2, 0, 1, 2, 3, 4), "2:1:2,0:0,1:0,2:3,0,4"),
    ],
)
def test_qos_in_tokens(qos: keys.WireQos, text: str) -> None:
    assert qos.encode() == text
    assert keys.WireQos.decode(text) == qos


@pytest.mark.parametrize(
    ("text", "qos"),
    [
        ("3:3:3,5:,:,:4,,", keys.WireQos(reliability=3, durability=3, history=3, depth=5, liveliness=4)),
        ("4:4:,:,:,:5,,", keys.WireQos(reliability=3, durability=3, liveliness=4)),  # best available
        ("::,:,:,:,,:more", keys.WireQos()),
        ("::,99999999999999999999:99999999999,0:,:,,", keys.WireQos(depth=keys.INFINITE_NS)),
    ],
)
def test_qos_of_later_releases(text: str, qos: keys.WireQos) -> None:
    assert keys.WireQos.decode(text) == qos


@given(st.text(alphabet="0123456789:,-+_ x²", max_size=30))
def test_no_text_does_more_to_qos_than_be_refused(text: str) -> None:
    try:
        qos = keys.WireQos.decode(text)
    except ValueError:
        return
    assert keys.WireQos.decode(qos.encode()) == qos


CHUNK = st.text(alphabet="%abc/:,019_ü", max_size=6) | st.sampled_from(["@ros2_lv", "NN", "MP", "::,:,:,:,,"])


@given(st.lists(CHUNK, max_size=15))
@settings(max_examples=200)
def test_no_key_does_more_than_be_refused(chunks: list[str]) -> None:
    for key in ("/".join(chunks), "/".join(["@ros2_lv", "2", "a", "0", "1", *chunks])):
        try:
            token = keys.Token.parse(key)
        except ValueError:
            continue
        assert token.key() == key and len(entity_gid(key)) == 16


@given(st.binary(max_size=60))
def test_no_bytes_do_more_to_attachments_than_be_refused(data: bytes) -> None:
    try:
        attachment = Attachment.decode(data)
    except ValueError:
        return
    assert data.startswith(attachment.encode())


@pytest.mark.parametrize("bad", ["", "@ros2_lv/2", "elsewhere/2/a/0/0/NN/%/%/x", "@ros2_lv/2/a/x/0/NN/%/%/n"])
def test_what_is_no_token_is_refused(bad: str) -> None:
    with pytest.raises(ValueError):
        keys.Token.parse(bad)


def test_attachments_are_33_bytes() -> None:
    gid = bytes(range(16))
    data = pack_attachment(7, 1_000_000_000, GID_SIZE, gid)
    assert data == bytes.fromhex("070000000000000000ca9a3b0000000010") + gid
    assert Attachment.decode(data) == Attachment(7, 1_000_000_000, gid)
    assert Attachment(7, 1_000_000_000, gid).encode() == data
    with pytest.raises(ValueError):
        Attachment.decode(b"short")


@pytest.mark.parametrize(
    ("length", "low", "high"),
    [
        (17, 0xC06E233DF7729217, 0x685BC458B37D057F),
        (128, 0x05321A0B64D67B41, 0x14792FC3AF88DC6C),
        (129, 0xBC30B63382B09A3B, 0xDD5E74AC6B45F54E),
        (240, 0xC92B68E16F83BBB6, 0x65B5BE86DA5540E7),
        (241, 0x02E8CD95421C6D02, 0x1DA1CB61BCB8A2A1),
        (300, 0xFDDA6967CF021DBC, 0x948C8677FBB606FC),
        (1024, 0xE5D78BAFA45B2AA5, 0xD0AC1F7B93BF57B9),
        (1025, 0xE95C42288F28186E, 0x2882EBCA04EC915C),
    ],
)
def test_gids_are_xxh3(length: int, low: int, high: int) -> None:
    """Numbers from the reference implementation (python-xxhash 4.1, xxh3_128 of bytes i % 251)."""
    assert xxh3_128(bytes(i % 251 for i in range(length))) == (low, high)


def test_a_gid_is_both_halves_low_first() -> None:
    token = "@ros2_lv/2/aac3178e146ba6f1fc6e6a4085e77f21/0/0/NN/%/%/listener"
    low, high = xxh3_128(token.encode())
    assert entity_gid(token) == low.to_bytes(8, "little") + high.to_bytes(8, "little")
