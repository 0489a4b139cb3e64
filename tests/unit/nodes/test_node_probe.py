"""A node is ready when it is on the graph, answers and, if it is a lifecycle node, is active; until then it says where it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import rclpy
from node_stage import Stage, until
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node

from bee_robot.nodes.graph_client import GraphClient


@contextmanager
def client(namespace: str = "") -> Iterator[GraphClient]:
    with GraphClient(namespace, name="watcher") as made:
        yield made


def node(stage: Stage, kind: Any = Node, name: str = "driver", spins: bool = True, **options: Any) -> Any:
    made = kind(name, context=stage.context(), namespace="tower_1", **options)
    if spins:
        stage.spin(made)
    return made


def test_who_is_not_there_is_not_ready(stage: Stage) -> None:
    with client() as watcher:
        state = watcher.readiness("/tower_1/driver")
    assert (state.is_ready, state.says) == (False, "not on the graph")


def test_a_plain_node_is_ready_when_it_answers(stage: Stage) -> None:
    node(stage)
    with client() as watcher:
        until(lambda: watcher.readiness("/tower_1/driver").is_ready, "the node is ready")
        assert not watcher.readiness("/tower_2/driver").is_ready, "names count in full"


def test_a_node_whose_executor_stands_still_is_not_ready(stage: Stage) -> None:
    standing = node(stage, spins=False)
    with client() as watcher:
        says = "on the graph, but it does not answer"
        until(lambda: watcher.readiness("/tower_1/driver").says == says, says)
        stage.spin(standing)
        until(lambda: watcher.readiness("/tower_1/driver").is_ready, "it answers now")


def test_a_node_without_parameter_services_counts_once_it_stays(stage: Stage) -> None:
    node(stage, start_parameter_services=False)
    with client() as watcher:
        until(lambda: watcher.readiness("/tower_1/driver").says != "not on the graph", "it is seen")
        until(lambda: watcher.readiness("/tower_1/driver").is_ready, "it stays")


def test_a_lifecycle_node_is_ready_when_it_is_active(stage: Stage) -> None:
    driver = node(stage, LifecycleNode)
    with client() as watcher:

        def says(text: str) -> None:
            until(lambda: text in watcher.readiness("/tower_1/driver").says, text)

        says("unconfigured, not active")
        driver.trigger_configure()
        says("inactive, not active")
        assert not watcher.readiness("/tower_1/driver").is_ready
        driver.trigger_activate()
        until(lambda: watcher.readiness("/tower_1/driver").is_ready, "it is active")
        driver.trigger_deactivate()
        says("inactive, not active")


def test_a_node_that_left_is_not_ready_any_more(stage: Stage) -> None:
    context = stage.context()
    brief = rclpy.create_node("driver", namespace="tower_1", context=context)
    stage.spin(brief)
    with client() as watcher:
        until(lambda: watcher.readiness("/tower_1/driver").is_ready, "it is ready")
        stage.close()
        until(lambda: not watcher.readiness("/tower_1/driver").is_ready, "it has left")
