"""The wire format of rmw_zenoh_cpp, byte for byte as its design document and published types have it."""

from __future__ import annotations

import pytest

from bee_robot.embedded_ros.types import registry, sources
from bee_robot.embedded_ros.wire import keys
from bee_robot.embedded_ros.wire.attachment import GID_SIZE, Attachment, pack_attachment
from bee_robot.embedded_ros.wire.gid import entity_gid, xxh3_128

STRING_HASH = "RIHS01_df668c740482bbd48fb39d76a70dfd4bd59db1288021743503259e948f6b1a18"
ZID = "aac3178e146ba6f1fc6e6a4085e77f21"


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("std_msgs/msg/String", STRING_HASH),
        (
            "rcl_interfaces/msg/Log",
            "RIHS01_e28ce254ca8abc06abf92773b74602cdbf116ed34fbaf294fb9f81da9f318eac",
        ),
    ],
)
def test_message_hashes_are_the_published_ones(name: str, published: str) -> None:
    assert registry.message_hash(registry.message_class(name)) == published


def test_the_hash_of_a_service_is_the_published_one() -> None:
    service = registry.service_class("example_interfaces/srv/AddTwoInts")
    assert registry.service_hash(service).startswith("RIHS01_e118de6b")


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
    assert keys.data_key(2, "/tower/chatter", wire_type, STRING_HASH) == (
        f"2/tower/chatter/std_msgs::msg::dds_::String_/{STRING_HASH}"
    )


def test_the_token_of_a_node() -> None:
    token = keys.Token(2, ZID, 0, 0, keys.NODE, "", "/", "listener")
    assert token.key() == f"@ros2_lv/2/{ZID}/0/0/NN/%/%/listener"
    assert keys.Token.parse(token.key()) == token


def test_the_token_of_a_subscription() -> None:
    qos = keys.WireQos(depth=10)
    token = keys.Token(
        2,
        ZID,
        0,
        10,
        keys.SUBSCRIPTION,
        "",
        "/",
        "listener",
        "/chatter",
        "std_msgs::msg::dds_::String_",
        STRING_HASH,
        qos,
    )
    expected = f"@ros2_lv/2/{ZID}/0/10/MS/%/%/listener/%chatter/std_msgs::msg::dds_::String_/{STRING_HASH}/::,10:,:,:,,"
    assert token.key() == expected
    assert keys.Token.parse(expected) == token


@pytest.mark.parametrize(
    ("qos", "text"),
    [
        (keys.WireQos(), "::,:,:,:,,"),
        (keys.WireQos(depth=10), "::,10:,:,:,,"),
        (keys.WireQos(reliability=2, depth=5), "2::,5:,:,:,,"),
        (keys.WireQos(durability=1, depth=1000, lifespan_ns=10 * 10**9), ":1:,1000:,:10,0:,,"),
        (keys.WireQos(history=2), "::2,:,:,:,,"),
        (keys.WireQos(deadline_ns=1_500_000_000, liveliness=3), "::,:1,500000000:,:3,,"),
    ],
)
def test_qos_in_tokens(qos: keys.WireQos, text: str) -> None:
    assert qos.encode() == text
    assert keys.WireQos.decode(text) == qos


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


def test_humble_has_a_literal_for_hashes(ros: None, monkeypatch: pytest.MonkeyPatch) -> None:
    import rclpy
    from std_msgs.msg import String

    monkeypatch.setenv("BEE_ROS_TYPE_HASHES", "humble")
    node = rclpy.create_node("old")
    publisher = node.create_publisher(String, "news", 10)
    assert publisher._endpoint.key.endswith("/news/std_msgs::msg::dds_::String_/TypeHashNotSupported")
    node.destroy_node()
