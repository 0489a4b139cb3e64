"""What is in the graph: a cache of all liveliness tokens of the domain, own ones included."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from bee_robot.embedded_ros.wire.keys import (
    ADMIN_SPACE,
    CLIENT,
    NO_TYPE_HASH,
    NODE,
    PUBLISHER,
    SERVICE,
    SUBSCRIPTION,
    TYPE_HASH_SWITCH,
    Token,
    ros_type_name,
    unmangle,
)

_COUNTERPARTS = {PUBLISHER: SUBSCRIPTION, SUBSCRIPTION: PUBLISHER, SERVICE: CLIENT, CLIENT: SERVICE}
_VERBS = {PUBLISHER: "publishes", SUBSCRIPTION: "subscribes to", SERVICE: "serves", CLIENT: "calls"}
_REPORTS_MAX = 1000
_UNREADABLE_MAX = 5


class GraphCache:
    """Keeps the tokens that are alive. Own entities are in it at once, others as they are heard of.

    Listeners are called (from transport threads) with no argument after each change.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[str, Token | None] = {}
        self._own: dict[str, Token] = {}
        self._listeners: list[Callable[[], None]] = []
        self._subscriber: Any = None
        self._changed = threading.Condition(self._lock)
        self._generation = 0
        self._parsed: list[Token] = []
        self._parsed_generation = -1
        self._own_names: set[str] = set()
        self._reported: set[frozenset[tuple[str, ...]]] = set()
        self._unreadable: list[str] = []
        self.on_problem: Callable[[str], None] | None = None
        """Called (from transport threads) with a text: two endpoints of one name that cannot talk since
        their types differ, once per pair; tokens that cannot be read, the first few of them."""

        self.refusal: Callable[[Token], str] | None = None
        """Tells what a router will not let an own entity do; empty where there is nothing to tell."""

    def start(self, session: Any, domain_id: int) -> None:
        """Listen to the tokens of a domain, those already there included."""
        import zenoh

        handler = zenoh.handlers.Callback(self._on_sample, indirect=False)
        key = f"{ADMIN_SPACE}/{domain_id}/**"
        self._subscriber = session.liveliness().declare_subscriber(key, handler, history=True)
        self._delete = zenoh.SampleKind.DELETE

    def stop(self) -> None:
        if self._subscriber is not None:
            self._subscriber.undeclare()
            self._subscriber = None

    def _on_sample(self, sample: Any) -> None:
        key = str(sample.key_expr)
        with self._lock:
            if sample.kind == self._delete:
                if key in self._own or self._tokens.pop(key, self) is self:
                    return
            else:
                if key in self._tokens or key in self._own:
                    return
                self._tokens[key] = None
            self._note_change()
        self._notify()
        chunks = key.split("/")
        if len(chunks) >= 13 and unmangle(chunks[9]) in self._own_names:
            self._check_types(unmangle(chunks[9]))

    _delete: Any = None

    def _check_types(self, name: str) -> None:
        """Report pairs of own and other endpoints of a name whose types differ, each once."""
        if self.on_problem is None:
            return
        named = [t for t in self.tokens() if t.name == name]
        for own in [t for t in named if t.key() in self._own]:
            for other in named:
                differs = (other.wire_type, other.type_hash) != (own.wire_type, own.type_hash)
                if differs and other.kind == _COUNTERPARTS.get(own.kind):
                    self._report_mismatch(own, other)

    def _report_mismatch(self, own: Token, other: Token) -> None:
        pair = frozenset((t.kind, t.name, t.wire_type, t.type_hash, t.node_path) for t in (own, other))
        with self._lock:
            if pair in self._reported:
                return
            if len(self._reported) >= _REPORTS_MAX:
                self._reported.clear()
            self._reported.add(pair)
        if self.on_problem is not None:
            self.on_problem(describe_mismatch(own, other))

    def add_own(self, token: Token) -> None:
        with self._lock:
            key = token.key()
            self._own[key] = token
            self._tokens.pop(key, None)
            self._note_change()
        self._notify()
        refused = self.refusal(token) if self.refusal is not None else ""
        if refused and self.on_problem is not None:
            self.on_problem(refused)
        if token.name:
            self._own_names.add(token.name)
            self._check_types(token.name)

    def remove_own(self, token: Token) -> None:
        with self._lock:
            if self._own.pop(token.key(), None) is not None:
                self._note_change()
        self._notify()

    def _note_change(self) -> None:
        self._generation += 1
        self._changed.notify_all()

    def add_listener(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def remove_listener(self, listener: Callable[[], None]) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    def _notify(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    def tokens(self) -> list[Token]:
        """All entities that are alive now."""
        new_problems: list[str] = []
        with self._lock:
            if self._parsed_generation != self._generation:
                for key, token in list(self._tokens.items()):
                    if token is None:
                        self._parse(key, new_problems)
                others = [t for t in self._tokens.values() if t is not None]
                self._parsed = [*self._own.values(), *others]
                self._parsed_generation = self._generation
            parsed = self._parsed
        for problem in new_problems:
            if self.on_problem is not None:
                self.on_problem(problem)
        return parsed

    def _parse(self, key: str, problems: list[str]) -> None:
        try:
            self._tokens[key] = Token.parse(key)
        except ValueError as error:
            # A peer of another release may put tokens there that we cannot read: not of our graph.
            del self._tokens[key]
            if key not in self._unreadable and len(self._unreadable) < _UNREADABLE_MAX:
                self._unreadable.append(key)
                last = len(self._unreadable) == _UNREADABLE_MAX
                problems.append(
                    f"an entity of the graph is left out, its liveliness token cannot be read: {error}"
                    + (" (further ones go without a word)" if last else "")
                )

    def wait_until(self, condition: Callable[[], bool], timeout_s: float | None) -> bool:
        """Wait until `condition()` holds, looking again after every change of the graph."""
        import time

        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            with self._lock:
                seen = self._generation
            if condition():
                return True
            with self._lock:
                while self._generation == seen:
                    rest = None if deadline is None else deadline - time.monotonic()
                    if rest is not None and rest <= 0:
                        return False
                    # Bounded, so that a signal handler or a shutdown is noticed.
                    self._changed.wait(0.1 if rest is None else min(rest, 0.1))
                    if self._generation == seen:
                        break

    def wake(self) -> None:
        """Let those who wait look again."""
        with self._lock:
            self._note_change()

    def select(self, *kinds: str, name: str | None = None) -> list[Token]:
        return [t for t in self.tokens() if t.kind in kinds and (name is None or t.name == name)]

    def count(self, kind: str, name: str) -> int:
        return sum(1 for t in self.tokens() if t.kind == kind and t.name == name)

    def nodes(self) -> list[Token]:
        return self.select(NODE)

    def names_and_types(
        self, *kinds: str, of: Callable[[Token], bool] | None = None
    ) -> list[tuple[str, list[str]]]:
        """Sorted names with their sorted ROS type names."""
        return names_and_types(t for t in self.select(*kinds) if of is None or of(t))


def names_and_types(tokens: Iterable[Token]) -> list[tuple[str, list[str]]]:
    found: dict[str, set[str]] = {}
    for token in tokens:
        found.setdefault(token.name, set()).add(ros_type_name(token.wire_type))
    return [(name, sorted(types)) for name, types in sorted(found.items())]


def describe_mismatch(own: Token, other: Token) -> str:
    """What to tell a person about two endpoints of one name whose types differ."""
    mine, theirs = ros_type_name(own.wire_type), ros_type_name(other.wire_type)
    remedy = "both must use the same definition"
    if mine == theirs:
        mine, theirs = f"{mine} with hash {own.type_hash}", f"the same with hash {other.type_hash}"
        if other.type_hash == NO_TYPE_HASH:
            remedy = f"the other is of ROS 2 Humble, for which {TYPE_HASH_SWITCH}=humble has to be set here"
        elif own.type_hash == NO_TYPE_HASH:
            remedy = f"the other is of a later ROS 2 than Humble, so {TYPE_HASH_SWITCH} must not be set here"
    return (
        f"{own.name}: node {own.node_path} {_VERBS[own.kind]} {mine}, but node {other.node_path} "
        f"{_VERBS[other.kind]} {theirs}. They will not hear each other: {remedy}."
    )
