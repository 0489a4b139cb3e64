"""Talking with a peer of rmw_zenoh_cpp that is played by a plain Zenoh session: keys, tokens, attachments
and payloads are literals, as docs/design.md and the source of ros2/rmw_zenoh (0.2.5 and later) have them."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import rclpy
import zenoh
from rclpy import _log_output
from rclpy.exceptions import RCLError
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    LivelinessPolicy,
    QoSProfile,
    ReliabilityPolicy,
)

from bee_robot.embedded_ros.wire import keys
from bee_robot.embedded_ros.wire.attachment import Attachment
from bee_robot.embedded_ros.wire.gid import entity_gid

STRING = "std_msgs::msg::dds_::String_"
STRING_HASH = "RIHS01_df668c740482bbd48fb39d76a70dfd4bd59db1288021743503259e948f6b1a18"
ADD = "example_interfaces::srv::dds_::AddTwoInts_"
ADD_HASH = "RIHS01_e118de6bf5eeb66a2491b5bda11202e7b68f198d6f67922cf30364858239c81a"
CHATTER = f"2/chatter/{STRING}/{STRING_HASH}"
HELLO = bytes.fromhex("00010000 06000000 68656c6c6f00")
HELLO_BIG_ENDIAN = bytes.fromhex("00000000 00000006 68656c6c6f00")
GID = bytes(range(0xA0, 0xB0))
ZID = "8b20917502ee955ac4476e0266340d5c"


def attachment(number: int, source_ns: int = 1_700_000_000_123_456_789) -> bytes:
    """Two little endian int64, the length of the gid, the gid."""
    return struct.pack("<qqB", number, source_ns, 16) + GID


@pytest.fixture(autouse=True)
def domain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", "2")


@pytest.fixture
def peer(router_port: int) -> Iterator[Any]:
    """A session as rmw_zenoh_cpp configures it."""
    config = zenoh.Config()
    config.insert_json5("mode", '"peer"')
    config.insert_json5("connect/endpoints", f'["tcp/127.0.0.1:{router_port}"]')
    config.insert_json5("listen/endpoints", '["tcp/127.0.0.1:0"]')
    config.insert_json5("scouting/multicast/enabled", "false")
    config.insert_json5("timestamping/enabled", "true")
    config.insert_json5("scouting/delay", "10")
    session = zenoh.open(config)
    yield session
    session.close()


def spin_until(node: Any, condition: Callable[[], bool], timeout_s: float = 5.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline:
        rclpy.spin_once(node, timeout_sec=0.02)
    return condition()


def repeat(node: Any, send: Callable[[], None], heard: list[Any]) -> bool:
    """Send until something was heard: a subscription is there a little before it is known."""
    return spin_until(node, lambda: bool(send() or heard))


def tokens_seen_by(peer: Any) -> list[str]:
    return [str(reply.ok.key_expr) for reply in peer.liveliness().get("@ros2_lv/2/**") if reply.ok]


def our_token(node: Any, peer: Any, kind: str, name: str) -> str:
    """The token of our endpoint, as the peer sees it."""
    mangled = name.replace("/", "%")
    found: list[str] = []

    def is_there() -> bool:
        found[:] = [t for t in tokens_seen_by(peer) if f"/{kind}/" in t and f"/{mangled}/" in f"{t}/"]
        return bool(found)

    assert spin_until(node, is_there)
    return found[0]


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What goes to the console. Reading pytest's own capture while threads write to it loses lines."""
    lines: list[str] = []
    monkeypatch.setattr(_log_output, "_to_console", lambda line, severity: lines.append(line))
    return lines


def errors(logged: list[str]) -> str:
    return "\n".join(list(logged))


# -- topics


def test_our_publication(node: Any, peer: Any) -> None:
    from std_msgs.msg import String

    samples: list[Any] = []
    peer.declare_subscriber(CHATTER, samples.append)
    publisher = node.create_publisher(String, "chatter", 10)
    assert spin_until(node, lambda: bool(publisher.publish(String(data="hello")) or len(samples) > 1))
    token = our_token(node, peer, "MP", "/chatter")
    zid = str(rclpy.get_default_context().session.zid())
    start, end = token.split("/MP/")
    node_token = our_token(node, peer, "NN", "tester")
    node_id = node_token.split("/")[3]
    assert node_token == f"@ros2_lv/2/{zid}/{node_id}/{node_id}/NN/%/%/tester"
    assert start.startswith(f"@ros2_lv/2/{zid}/{node_id}/") and start.split("/")[4].isdigit()
    assert end == f"%/%/tester/%chatter/{STRING}/{STRING_HASH}/::,10:,:,:,,"
    assert str(samples[0].key_expr) == CHATTER and samples[0].payload.to_bytes() == HELLO
    first, second = (sample.attachment.to_bytes() for sample in samples[:2])
    assert len(first) == 33 and first[16] == 16 and first[17:] == entity_gid(token)
    number, source_ns = struct.unpack("<qq", first[:16])
    assert struct.unpack("<q", second[:8])[0] == number + 1
    assert abs(source_ns - time.time_ns()) < 10 * 10**9
    assert samples[0].congestion_control == zenoh.CongestionControl.DROP and not samples[0].express
    info = node.get_publishers_info_by_topic("chatter")[0]
    assert bytes(info.endpoint_gid) == entity_gid(token) and str(info.topic_type_hash) == STRING_HASH


def test_quality_of_service_of_our_publications(node: Any, peer: Any) -> None:
    from std_msgs.msg import String

    reliable, best_effort = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT
    last, everything = HistoryPolicy.KEEP_LAST, HistoryPolicy.KEEP_ALL
    for topic, reliability, history, congestion, transport in (
        ("topic_0", reliable, last, "DROP", "RELIABLE"),
        ("topic_1", best_effort, last, "DROP", "BEST_EFFORT"),
        ("topic_2", best_effort, everything, "DROP", "BEST_EFFORT"),
        ("topic_3", reliable, everything, "BLOCK", "RELIABLE"),
    ):
        samples: list[Any] = []
        peer.declare_subscriber(CHATTER.replace("chatter", topic), samples.append)
        profile = QoSProfile(depth=5, reliability=reliability, history=history)
        publisher = node.create_publisher(String, topic, profile)
        assert repeat(node, partial(publisher.publish, String(data="hello")), samples)
        assert samples[0].congestion_control == getattr(zenoh.CongestionControl, congestion)
        assert publisher._wire.reliability == getattr(zenoh.Reliability, transport)


def test_a_publication_of_the_peer(node: Any, peer: Any) -> None:
    from std_msgs.msg import String

    heard: list[tuple[str, Any]] = []
    node.create_subscription(String, "chatter", lambda m, info: heard.append((m.data, info)), 10)
    publisher = peer.declare_publisher(CHATTER)
    for payload in (HELLO, HELLO_BIG_ENDIAN, HELLO + b"\0\0"):
        heard.clear()
        assert repeat(node, partial(publisher.put, payload, attachment=attachment(3)), heard)
        text, info = heard[0]
        assert text == "hello" and info["publication_sequence_number"] == 3
        assert info["source_timestamp"] == 1_700_000_000_123_456_789


LATCHED = {"durability": DurabilityPolicy.TRANSIENT_LOCAL}


def test_a_late_joiner_of_the_peer_gets_what_was_said(node: Any, peer: Any) -> None:
    """The options are those of SubscriptionData::init for reliable and transient local."""
    from std_msgs.msg import String

    publisher = node.create_publisher(String, "chatter", QoSProfile(depth=2, **LATCHED))
    for text in ("one", "two", "three"):
        publisher.publish(String(data=text))
    our_token(node, peer, "MP", "/chatter")
    heard: list[bytes] = []
    subscriber = zenoh.ext.declare_advanced_subscriber(
        peer,
        CHATTER,
        lambda sample: heard.append(sample.payload.to_bytes()[8:-1]),
        history=zenoh.ext.HistoryConfig(detect_late_publishers=True, max_samples=5),
        recovery=zenoh.ext.RecoveryConfig(periodic_queries=None, heartbeat=True),
        subscriber_detection=True,
    )
    assert spin_until(node, lambda: len(heard) == 2)
    publisher.publish(String(data="four"))
    assert spin_until(node, lambda: len(heard) == 3)
    assert heard == [b"two", b"three", b"four"]
    subscriber.undeclare()


def test_our_late_joiner_gets_what_the_peer_has_said(node: Any, peer: Any) -> None:
    """The options are those of PublisherData::make for reliable and transient local."""
    from std_msgs.msg import String

    publisher = zenoh.ext.declare_advanced_publisher(
        peer,
        CHATTER,
        cache=zenoh.ext.CacheConfig(max_samples=3),
        publisher_detection=True,
        sample_miss_detection=zenoh.ext.MissDetectionConfig(heartbeat=None, sporadic_heartbeat=0.5),
        congestion_control=zenoh.CongestionControl.DROP,
        reliability=zenoh.Reliability.RELIABLE,
    )
    for number, text in enumerate(("aaaaa", "bbbbb", "ccccc", "ddddd"), 1):
        publisher.put(HELLO.replace(b"hello", text.encode()), attachment=attachment(number))
    time.sleep(0.3)
    heard: list[str] = []
    node.create_subscription(
        String, "chatter", lambda m: heard.append(m.data), QoSProfile(depth=2, **LATCHED)
    )
    assert spin_until(node, lambda: len(heard) == 2)
    publisher.put(HELLO, attachment=attachment(5))
    assert spin_until(node, lambda: len(heard) == 3)
    assert heard == ["ccccc", "ddddd", "hello"]
    publisher.undeclare()


# -- services


def test_our_request(node: Any, peer: Any) -> None:
    from example_interfaces.srv import AddTwoInts

    queries: list[tuple[str, bytes, bytes]] = []

    def serve(query: Any) -> None:
        queries.append((str(query.key_expr), query.payload.to_bytes(), query.attachment.to_bytes()))
        number = Attachment.decode(query.attachment.to_bytes())
        body = struct.pack("<q", 42)
        query.reply(query.key_expr, b"\0\1\0\0" + body, attachment=number.encode())
        query.drop()

    key = f"2/add_two_ints/{ADD}/{ADD_HASH}"
    peer.declare_queryable(key, serve, complete=True)
    server = f"@ros2_lv/2/{ZID}/0/10/SS/%/%/adder/%add_two_ints/{ADD}/{ADD_HASH}/::,10:,:,:,,"
    token = peer.liveliness().declare_token(server)
    client = node.create_client(AddTwoInts, "add_two_ints")
    assert client.wait_for_service(timeout_sec=5.0)
    time.sleep(0.2)
    for number in (1, 2):
        future = client.call_async(AddTwoInts.Request(a=40, b=2))
        assert spin_until(node, future.done) and future.result().sum == 42
        asked_key, payload, asked = queries[-1]
        assert asked_key == key and payload == b"\0\1\0\0" + struct.pack("<qq", 40, 2)
        assert struct.unpack("<q", asked[:8])[0] == number and asked[16] == 16
        assert asked[17:] == entity_gid(our_token(node, peer, "SC", "/add_two_ints"))
    token.undeclare()


@pytest.fixture
def adder(node: Any) -> Any:
    from example_interfaces.srv import AddTwoInts

    def add(request: Any, response: Any) -> Any:
        response.sum = request.a + request.b
        return response

    return node.create_service(AddTwoInts, "add_two_ints", add)


def ask(node: Any, peer: Any, key: str, payload: bytes | None, attached: bytes | None) -> list[Any]:
    """Ask as ClientData does; the replies when the query has ended."""
    replies: list[Any] = []
    ended: list[bool] = []
    handler = zenoh.handlers.Callback(replies.append, lambda: ended.append(True), indirect=False)
    peer.get(
        key,
        handler,
        target=zenoh.QueryTarget.ALL_COMPLETE,
        consolidation=zenoh.ConsolidationMode.NONE,
        payload=payload,
        attachment=attached,
        timeout=5.0,
    )
    assert spin_until(node, lambda: bool(ended))
    return replies


def test_our_reply(node: Any, peer: Any, adder: Any) -> None:
    key = f"2/add_two_ints/{ADD}/{ADD_HASH}"
    our_token(node, peer, "SS", "/add_two_ints")
    replies = ask(node, peer, key, b"\0\1\0\0" + struct.pack("<qq", 40, 2), attachment(17))
    assert len(replies) == 1
    sample = replies[0].ok
    assert str(sample.key_expr) == key and sample.payload.to_bytes() == b"\0\1\0\0" + struct.pack("<q", 42)
    told = sample.attachment.to_bytes()
    number, source_ns = struct.unpack("<qq", told[:16])
    assert number == 17 and abs(source_ns - time.time_ns()) < 10 * 10**9
    assert told[16:] == b"\x10" + GID  # the gid of who asked


def test_a_request_that_cannot_be_read_is_answered(
    node: Any, peer: Any, adder: Any, logged: list[str]
) -> None:
    key = f"2/add_two_ints/{ADD}/{ADD_HASH}"
    our_token(node, peer, "SS", "/add_two_ints")
    request = b"\0\1\0\0" + struct.pack("<qq", 1, 2)
    for payload, attached, reason in (
        (request, None, "no attachment"),
        (request, b"", "attachment"),
        (request, b"\xff" * 33, "attachment of 33 bytes"),
        (request, b"\x0fsequence_number" + bytes(40), "old rmw_zenoh_cpp"),
        (None, attachment(1), "no content"),
        (request[:8], attachment(1), "cannot be read"),
        (b"junk", attachment(1), "CDR header"),
    ):
        replies = ask(node, peer, key, payload, attached)
        assert len(replies) == 1 and reason in replies[0].err.payload.to_string()
    assert errors(logged).count("request to /add_two_ints refused") == 1
    good = ask(node, peer, key, request, attachment(2))
    assert good[0].ok.payload.to_bytes()[4:] == struct.pack("<q", 3)


def test_a_reply_that_is_no_response_is_named(node: Any, peer: Any, logged: list[str]) -> None:
    from example_interfaces.srv import AddTwoInts

    answers: list[Callable[[Any], None]] = [
        lambda q: q.reply_err(b"\xff\xfe no"),
        lambda q: q.reply(q.key_expr, b"\0\1\0\0", attachment=attachment(1)),
    ]

    def serve(query: Any) -> None:
        answers.pop(0)(query)
        query.drop()

    peer.declare_queryable(f"2/add_two_ints/{ADD}/{ADD_HASH}", serve, complete=True)
    token = peer.liveliness().declare_token(
        f"@ros2_lv/2/{ZID}/0/10/SS/%/%/adder/%add_two_ints/{ADD}/{ADD_HASH}/::,10:,:,:,,"
    )
    client = node.create_client(AddTwoInts, "add_two_ints")
    assert client.wait_for_service(timeout_sec=5.0)
    time.sleep(0.2)
    first = client.call_async(AddTwoInts.Request())
    assert spin_until(node, lambda: "refused request 1: \ufffd\ufffd no" in errors(logged))
    client._requests._refusals._quiet_until_s = 0.0
    second = client.call_async(AddTwoInts.Request())
    assert spin_until(node, lambda: "response of /add_two_ints dropped" in errors(logged))
    assert not first.done() and not second.done()
    token.undeclare()


# -- actions

FIBONACCI = "example_interfaces::action::dds_::Fibonacci"
SEND_GOAL = "RIHS01_d1a57fb2a4afe8c21e34fb10db206f16ce6729b28531141472df92277c55b557"
GET_RESULT = "RIHS01_1b0de0d5d29dc955d92f546706568428632771db13ec84c15ec1c1a59f424a57"
FEEDBACK = "RIHS01_c1de71afd52e49a89c53d8262366884185bc0a02f78ce051c4e46b0a7fe59bb2"
CANCEL_GOAL = "RIHS01_573d8b0a534451d7bc2ac8c5ffde8ac14b8593b7001175d0cd6516dcbeb8689a"
STATUS = "RIHS01_6c1684b00f177d37438febe6e709fc4e2b0d4248dca4854946f9ed8b30cda83e"
COUNT = "2/count/_action"
ACTION_KEYS = {
    "send_goal": f"{COUNT}/send_goal/{FIBONACCI}_SendGoal_/{SEND_GOAL}",
    "get_result": f"{COUNT}/get_result/{FIBONACCI}_GetResult_/{GET_RESULT}",
    "cancel_goal": f"{COUNT}/cancel_goal/action_msgs::srv::dds_::CancelGoal_/{CANCEL_GOAL}",
    "feedback": f"{COUNT}/feedback/{FIBONACCI}_FeedbackMessage_/{FEEDBACK}",
    "status": f"{COUNT}/status/action_msgs::msg::dds_::GoalStatusArray_/{STATUS}",
}
GOAL_ID = bytes(range(1, 17))


def test_our_action_server_and_a_client_of_the_peer(node: Any, peer: Any) -> None:
    from example_interfaces.action import Fibonacci
    from rclpy.action import ActionServer, CancelResponse

    async def count(handle: Any) -> Any:
        handle.publish_feedback(Fibonacci.Feedback(sequence=[0, 1, 1]))
        while not handle.is_cancel_requested and handle.request.order > 3:
            over = rclpy.task.Future()
            timer = node.create_timer(0.01, partial(over.set_result, None))
            await over
            node.destroy_timer(timer)
        if handle.is_cancel_requested:
            handle.canceled()
            return Fibonacci.Result(sequence=[0])
        handle.succeed()
        return Fibonacci.Result(sequence=[0, 1, 1, 2])

    server = ActionServer(
        node, Fibonacci, "count", count, cancel_callback=lambda handle: CancelResponse.ACCEPT
    )
    feedback: list[bytes] = []
    statuses: list[bytes] = []
    peer.declare_subscriber(ACTION_KEYS["feedback"], lambda s: feedback.append(s.payload.to_bytes()))
    peer.declare_subscriber(ACTION_KEYS["status"], lambda s: statuses.append(s.payload.to_bytes()))
    for name, kind in (("send_goal", "SS"), ("cancel_goal", "SS"), ("get_result", "SS"), ("status", "MP")):
        our_token(node, peer, kind, f"/count/_action/{name}")
    qos = our_token(node, peer, "MP", "/count/_action/status").rsplit("/", 1)[1]
    assert qos == ":1:,1:,:,:,,"
    time.sleep(0.2)

    goal = b"\0\1\0\0" + GOAL_ID + struct.pack("<i", 3)
    accepted = ask(node, peer, ACTION_KEYS["send_goal"], goal, attachment(1))[0].ok.payload.to_bytes()
    assert len(accepted) == 16 and accepted[:8] == bytes.fromhex("00010000 01000000")
    result = ask(node, peer, ACTION_KEYS["get_result"], b"\0\1\0\0" + GOAL_ID, attachment(1))
    assert result[0].ok.payload.to_bytes() == b"\0\1\0\0" + struct.pack("<b3x5i", 4, 4, 0, 1, 1, 2)
    assert spin_until(node, lambda: bool(feedback))
    assert feedback[0] == b"\0\1\0\0" + GOAL_ID + struct.pack("<4i", 3, 0, 1, 1)
    last = struct.pack("<i", 1) + GOAL_ID
    assert spin_until(node, lambda: any(s[4:24] == last and s[-1] == 4 for s in statuses))

    second = bytes(range(2, 18))
    long_goal = b"\0\1\0\0" + second + struct.pack("<i", 40)
    assert ask(node, peer, ACTION_KEYS["send_goal"], long_goal, attachment(2))[0].ok is not None
    one_goal = b"\0\1\0\0" + second + bytes(8)
    cancelled = ask(node, peer, ACTION_KEYS["cancel_goal"], one_goal, attachment(1))
    answer = cancelled[0].ok.payload.to_bytes()
    assert answer[4:12] == struct.pack("<b3xI", 0, 1) and answer[12:28] == second
    result = ask(node, peer, ACTION_KEYS["get_result"], b"\0\1\0\0" + second, attachment(2))
    assert result[0].ok.payload.to_bytes() == b"\0\1\0\0" + struct.pack("<b3x2i", 5, 1, 0)
    server.destroy()


def test_our_action_client_and_a_server_of_the_peer(node: Any, peer: Any) -> None:
    from example_interfaces.action import Fibonacci
    from rclpy.action import ActionClient

    asked: dict[str, bytes] = {}
    feedback = peer.declare_publisher(ACTION_KEYS["feedback"])

    def serve(name: str, answer: Callable[[bytes], bytes]) -> None:
        def reply(query: Any) -> None:
            asked[name] = query.payload.to_bytes()
            body = answer(asked[name])
            query.reply(query.key_expr, b"\0\1\0\0" + body, attachment=query.attachment.to_bytes())
            query.drop()

        peer.declare_queryable(ACTION_KEYS[name], reply, complete=True)

    def start(goal: bytes) -> bytes:
        return struct.pack("<B3xiI", 1, 12, 34)

    def finish(request: bytes) -> bytes:
        feedback.put(b"\0\1\0\0" + request[4:20] + struct.pack("<2i", 1, 7), attachment=attachment(1))
        time.sleep(0.1)
        return struct.pack("<b3x3i", 4, 2, 0, 1)

    serve("send_goal", start)
    serve("get_result", finish)
    serve("cancel_goal", lambda request: struct.pack("<b3xI", 0, 0))
    tokens = []
    for entity, (name, key) in enumerate(ACTION_KEYS.items(), 10):
        kind = "MP" if name in ("feedback", "status") else "SS"
        wire_type, type_hash = key.split("/")[-2:]
        tokens.append(
            peer.liveliness().declare_token(
                f"@ros2_lv/2/{ZID}/0/{entity}/{kind}/%/%/counter/%count%_action%{name}/{wire_type}/{type_hash}/::,10:,:,:,,"
            )
        )
    client = ActionClient(node, Fibonacci, "count")
    assert client.wait_for_server(timeout_sec=5.0)
    time.sleep(0.2)
    heard: list[Any] = []
    sent = client.send_goal_async(Fibonacci.Goal(order=5), feedback_callback=heard.append)
    assert spin_until(node, sent.done) and sent.result().accepted
    assert (sent.result().stamp.sec, sent.result().stamp.nanosec) == (12, 34)
    assert len(asked["send_goal"]) == 24 and asked["send_goal"][20:] == struct.pack("<i", 5)
    result = sent.result().get_result_async()
    assert spin_until(node, result.done)
    assert result.result().status == 4 and list(result.result().result.sequence) == [0, 1]
    assert spin_until(node, lambda: bool(heard)) and list(heard[0].feedback.sequence) == [7]
    assert bytes(heard[0].goal_id.uuid) == asked["send_goal"][4:20]
    cancelled = sent.result().cancel_goal_async()
    assert spin_until(node, cancelled.done)
    assert asked["cancel_goal"] == b"\0\1\0\0" + asked["send_goal"][4:20] + bytes(8)
    client.destroy()
    for token in tokens:
        token.undeclare()


# -- graph

INFINITE = rclpy.duration.Duration(nanoseconds=keys.INFINITE_NS)
DEFAULTS: dict[str, Any] = {
    "history": HistoryPolicy.KEEP_LAST,
    "reliability": ReliabilityPolicy.RELIABLE,
    "durability": DurabilityPolicy.VOLATILE,
    "deadline": INFINITE,
    "lifespan": INFINITE,
    "liveliness": LivelinessPolicy.AUTOMATIC,
    "liveliness_lease_duration": INFINITE,
}


def test_tokens_of_the_peer(node: Any, peer: Any) -> None:
    start = f"@ros2_lv/2/{ZID}/0"
    told = [
        (f"{start}/0/NN/%/%/talker", None),
        (f"{start}/1/NN/%enclave%of%robot/%robot_1%arm/camera", None),
        (
            f"{start}/10/MP/%/%/talker/%chatter/{STRING}/{STRING_HASH}/::,7:,:,:,,",
            QoSProfile(depth=7, **DEFAULTS),
        ),
        (
            f"{start}/11/MP/%/%/talker/%chatter/{STRING}/{STRING_HASH}/2:1:2,100:1,500000000:10,0:3,2,0",
            QoSProfile(
                depth=100,
                history=HistoryPolicy.KEEP_ALL,
                reliability=ReliabilityPolicy.BEST_EFFORT,
                durability=DurabilityPolicy.TRANSIENT_LOCAL,
                deadline=rclpy.duration.Duration(nanoseconds=1_500_000_000),
                lifespan=rclpy.duration.Duration(seconds=10),
                liveliness=LivelinessPolicy.MANUAL_BY_TOPIC,
                liveliness_lease_duration=rclpy.duration.Duration(seconds=2),
            ),
        ),
        # Lyrical, where a type has buffers; a policy that Humble has not; a hash that Humble has not.
        (
            f"{start}/12/MP/%/%/talker/%chatter/{STRING}/{STRING_HASH}/::,8:,:,:,,/backends:cpu:",
            QoSProfile(depth=8, **DEFAULTS),
        ),
        (
            f"{start}/13/MP/%/%/talker/%chatter/{STRING}/TypeHashNotSupported/4:4:,9:,:,:5,,",
            QoSProfile(
                depth=9,
                **DEFAULTS
                | {
                    "reliability": ReliabilityPolicy.UNKNOWN,
                    "durability": DurabilityPolicy.UNKNOWN,
                    "liveliness": LivelinessPolicy.UNKNOWN,
                },
            ),
        ),
    ]
    tokens = [peer.liveliness().declare_token(text) for text, _ in told]
    expected = {entity_gid(text): qos for text, qos in told if qos is not None}
    assert spin_until(node, lambda: len(node.get_publishers_info_by_topic("/chatter")) == len(expected))
    infos = node.get_publishers_info_by_topic("/chatter")
    found = {bytes(info.endpoint_gid): info.qos_profile for info in infos}
    assert set(found) == set(expected)
    for gid, profile in expected.items():
        for policy in ("depth", "history", "reliability", "durability", "deadline", "lifespan"):
            if profile.history != HistoryPolicy.KEEP_ALL or policy != "depth":
                assert getattr(found[gid], policy) == getattr(profile, policy), policy
        assert found[gid].liveliness == profile.liveliness
        assert found[gid].liveliness_lease_duration == profile.liveliness_lease_duration
    names = node.get_node_names_and_namespaces_with_enclaves()
    assert ("talker", "/", "/") in names and ("camera", "/robot_1/arm", "/enclave/of/robot") in names
    for token in tokens:
        token.undeclare()
    assert spin_until(node, lambda: not node.get_publishers_info_by_topic("/chatter"))


def test_tokens_that_are_none_are_told_and_left_out(node: Any, peer: Any, logged: list[str]) -> None:
    start = f"@ros2_lv/2/{ZID}"
    bad = [
        "@ros2_lv/2/elsewhere",
        f"{start}/0/0/XX/%/%/talker",
        f"{start}/zero/0/NN/%/%/talker",
        f"{start}/0/1/MP/%/%/talker/%chatter/{STRING}/{STRING_HASH}",
        f"{start}/0/2/MP/%/%/talker/%chatter/{STRING}/{STRING_HASH}/qos",
        f"{start}/0/3/MP/%/%/talker/%chatter/{STRING}/{STRING_HASH}/::,-5:,:,:,,",
        f"{start}/0/4/MP/%/%/talker/%chatter/{STRING}/{STRING_HASH}/::,{'9' * 5000}:,:,:,,",
        f"{start}/{'9' * 60}/5/NN/%/%/talker",
    ]
    odd = [
        f"{start}/0/6/MP/%/%/talker/%chatter/{STRING}/RIHSxx_{'z' * 64}/::,{'9' * 19}:,:9999999999999999999,1:,,",
        f"{start}/0/7/MP/%/%/talker/%chatter/a::b/{STRING_HASH}/::,5:,:,:,,",
    ]
    tokens = [peer.liveliness().declare_token(text) for text in bad + odd]
    assert spin_until(node, lambda: len(node.get_publishers_info_by_topic("/chatter")) == 2)
    assert all("talker" not in name for name in node.get_node_names())
    assert dict(node.get_topic_names_and_types())["/chatter"] == ["a::b", "std_msgs/msg/String"]
    assert spin_until(node, lambda: errors(logged).count("its liveliness token cannot be read") == 5)
    assert errors(logged).count("further ones go without a word") == 1
    for token in tokens:
        token.undeclare()


def test_peers_with_another_type_are_told_once(node: Any, peer: Any, logged: list[str]) -> None:
    """Publishers, subscriptions, services and clients, each with peers of another hash and another type."""
    from example_interfaces.srv import AddTwoInts
    from std_msgs.msg import String

    node.create_subscription(String, "thing_mp", lambda m: None, 10)
    node.create_publisher(String, "thing_ms", 10)
    node.create_client(AddTwoInts, "thing_ss")
    node.create_service(AddTwoInts, "thing_sc", lambda request, response: response)
    verbs = {"MP": "publishes", "MS": "subscribes to", "SS": "serves", "SC": "calls"}
    other_hash = "RIHS01_" + "0" * 64
    for _ in range(3):
        tokens = []
        for kind in verbs:
            name = f"%thing_{kind.lower()}"
            start = f"@ros2_lv/2/{ZID}/0/1/{kind}/%/%robot"
            ours = STRING if kind in ("MP", "MS") else ADD
            for node_name, wire_type in (("one", ours), ("two", "bee_msgs::msg::dds_::Bee_")):
                text = f"{start}/{node_name}/{name}/{wire_type}/{other_hash}/::,10:,:,:,,"
                tokens.append(peer.liveliness().declare_token(text))
        time.sleep(0.1)
        for token in tokens:
            token.undeclare()
    assert spin_until(node, lambda: errors(logged).count("will not hear each other") == 8)
    said = errors(logged)
    for kind, verb in verbs.items():
        mine = "std_msgs/msg/String" if kind in ("MP", "MS") else "example_interfaces/srv/AddTwoInts"
        lines = [line for line in said.splitlines() if f"/thing_{kind.lower()}: node /tester" in line]
        assert len(lines) == 2 and all(mine in line for line in lines)
        assert any(f"node /robot/one {verb} the same with hash {other_hash}" in line for line in lines)
        assert any(f"node /robot/two {verb} bee_msgs/msg/Bee" in line for line in lines)


# -- bad messages


def test_messages_that_cannot_be_read_are_named_and_counted(node: Any, peer: Any, logged: list[str]) -> None:
    from std_msgs.msg import String

    heard: list[str] = []
    subscription = node.create_subscription(String, "chatter", lambda m: heard.append(m.data), 100)
    publisher = peer.declare_publisher(CHATTER)
    assert spin_until(node, lambda: bool(publisher.put(HELLO, attachment=attachment(1)) or heard))
    bad = [b"", b"\0", HELLO[:-1], HELLO[:6], b"\0\3\0\0" + HELLO[4:], b"\0\1\0\0" + b"\xff" * 4 + bytes(9)]
    for payload in bad:
        publisher.put(payload, attachment=attachment(2))
    publisher.put(HELLO.replace(b"hello", b"after"), attachment=b"junk")
    publisher.put(HELLO.replace(b"hello", b"last!"))
    assert spin_until(node, lambda: heard[-2:] == ["after", "last!"])
    assert errors(logged).count("message on /chatter dropped: std_msgs/msg/String") == 1
    subscription._refusals._quiet_until_s = 0.0
    publisher.put(b"", attachment=attachment(3))
    assert spin_until(node, lambda: f"({len(bad) - 1} more like this" in errors(logged))


def test_a_message_without_attachment_has_no_info(node: Any, peer: Any, logged: list[str]) -> None:
    from std_msgs.msg import String

    heard: list[Any] = []
    node.create_subscription(String, "chatter", lambda m, info: heard.append(info), 10)
    publisher = peer.declare_publisher(CHATTER)
    assert spin_until(node, lambda: bool(publisher.put(HELLO) or "no attachment" in errors(logged)))
    publisher.put(HELLO, attachment=attachment(1))
    assert spin_until(node, lambda: len(heard) == 1)


# -- Humble


def test_humble_peers(monkeypatch: pytest.MonkeyPatch, node: Any, peer: Any) -> None:
    """Keys and tokens of rmw_zenoh_cpp 0.1.x have a literal for the hash, and differ in nothing else."""
    from example_interfaces.srv import AddTwoInts
    from std_msgs.msg import String

    monkeypatch.setenv("BEE_ROS_TYPE_HASHES", "humble")
    samples: list[Any] = []
    peer.declare_subscriber(f"2/chatter/{STRING}/TypeHashNotSupported", samples.append)
    publisher = node.create_publisher(String, "chatter", 10)
    assert spin_until(node, lambda: bool(publisher.publish(String(data="hello")) or samples))
    token = our_token(node, peer, "MP", "/chatter")
    assert token.endswith(f"/MP/%/%/tester/%chatter/{STRING}/TypeHashNotSupported/::,10:,:,:,,")
    assert samples[0].payload.to_bytes() == HELLO
    assert samples[0].attachment.to_bytes()[16:] == b"\x10" + entity_gid(token)
    assert str(node.get_publishers_info_by_topic("chatter")[0]).count("hash") == 0
    node.create_service(AddTwoInts, "add_two_ints", lambda request, response: response)
    our_token(node, peer, "SS", "/add_two_ints")
    key = f"2/add_two_ints/{ADD}/TypeHashNotSupported"
    assert ask(node, peer, key, b"\0\1\0\0" + bytes(16), attachment(1))[0].ok is not None
    heard: list[str] = []
    node.create_subscription(String, "news", lambda m: heard.append(m.data), 10)
    theirs = peer.declare_publisher(f"2/news/{STRING}/TypeHashNotSupported")
    assert spin_until(node, lambda: bool(theirs.put(HELLO, attachment=attachment(1)) or heard))


def test_a_humble_peer_without_the_setting_is_explained(node: Any, peer: Any, logged: list[str]) -> None:
    from std_msgs.msg import String

    node.create_publisher(String, "chatter", 10)
    token = peer.liveliness().declare_token(
        f"@ros2_lv/2/{ZID}/0/10/MS/%/%/listener/%chatter/{STRING}/TypeHashNotSupported/::,10:,:,:,,"
    )
    assert spin_until(node, lambda: "BEE_ROS_TYPE_HASHES=humble" in errors(logged))
    token.undeclare()


def test_a_wrong_setting_for_hashes_is_named(monkeypatch: pytest.MonkeyPatch, node: Any) -> None:
    from std_msgs.msg import String

    monkeypatch.setenv("BEE_ROS_TYPE_HASHES", "humbel")
    with pytest.raises(RCLError, match="BEE_ROS_TYPE_HASHES='humbel'"):
        node.create_publisher(String, "chatter", 10)
    assert keys.NO_TYPE_HASH == "TypeHashNotSupported"
