"""launch_testing tests: with ROS 2 sourced and this workspace built, `colcon test` or pytest runs them. Else they are skipped."""

from __future__ import annotations

import importlib.util

import pytest

PLUGIN = "launch_testing"


def pytest_configure(config: pytest.Config) -> None:
    # Known without ROS 2, too, where the plugin that brings it is missing.
    config.addinivalue_line("markers", "launch_test: generate_test_description starts what the tests look at")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """ROS 2 is here, but pytest was told to load no plugins: the tests below would look at an empty graph."""
    if importlib.util.find_spec(PLUGIN) is None or config.pluginmanager.hasplugin(PLUGIN):
        return
    reason = "pytest's plugin launch_testing is not loaded: unset PYTEST_DISABLE_PLUGIN_AUTOLOAD"
    for item in items:
        if item.path.parent.name == "ros":
            item.add_marker(pytest.mark.skip(reason=reason))
