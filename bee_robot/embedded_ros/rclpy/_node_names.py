"""The part of a node that knows names: its own, and those of topics and services."""

from __future__ import annotations

from typing import Any

from rclpy import _arguments, _names
from rclpy.exceptions import NameValidationException, RCLError
from rclpy.validate_full_topic_name import validate_full_topic_name
from rclpy.validate_namespace import validate_namespace
from rclpy.validate_node_name import validate_node_name
from rclpy.validate_topic_name import validate_topic_name


class NodeNames:
    """Names of a node, after remapping. A base class of Node."""

    _context: Any
    _handle: Any

    def _take_names(
        self, node_name: str, namespace: str | None, cli_args: list[str] | None, use_global_arguments: bool
    ) -> None:
        parsed = [_arguments.parse_arguments(cli_args)] if cli_args else []
        for each in parsed:
            _arguments.warn_of_deprecated(each)
        if use_global_arguments and self._context.arguments is not None:
            parsed.append(self._context.arguments)
        self._arguments: list[_arguments.RosArguments] = parsed
        self._remaps = [rule for each in parsed for rule in each.remaps]
        validate_node_name(node_name)
        for given in (node_name, namespace):
            if not isinstance(given, (str, type(None))):
                raise TypeError(f"a name has to be a str, not {type(given).__name__}")
        namespace = namespace or "/"
        if not namespace.startswith("/"):
            namespace = f"/{namespace}"
        validate_namespace(namespace)
        self._name = _names.remap_special(self._remaps, node_name, ("__node", "__name")) or node_name
        self._namespace = _names.remap_special(self._remaps, node_name, ("__ns",)) or namespace
        validate_node_name(self._name)
        validate_namespace(self._namespace)

    def _logger_name(self) -> str:
        parts = [p for p in self._namespace.split("/") if p]
        return ".".join([*parts, self._name])

    def _require_handle(self) -> None:
        """InvalidHandle once the node is destroyed."""
        self._handle.require_valid()

    def get_name(self) -> str:
        self._require_handle()
        return self._name

    def get_namespace(self) -> str:
        self._require_handle()
        return self._namespace

    def get_fully_qualified_name(self) -> str:
        self._require_handle()
        return f"{self._namespace.rstrip('/')}/{self._name}"

    def resolve_topic_name(self, topic: str, *, only_expand: bool = False) -> str:
        """The full name of a topic after expansion and (unless `only_expand`) remapping; RCLError if bad."""
        return self._resolve_or_fail(topic, only_expand, is_service=False)

    def resolve_service_name(self, service: str, *, only_expand: bool = False) -> str:
        return self._resolve_or_fail(service, only_expand, is_service=True)

    def _resolve_or_fail(self, name: str, only_expand: bool, is_service: bool) -> str:
        try:
            return self._resolve(name, only_expand, is_service)
        except (NameValidationException, ValueError) as error:
            raise RCLError(f"failed to resolve name: {error}") from error

    def _resolve(self, name: str, only_expand: bool = False, is_service: bool = False) -> str:
        """InvalidTopicNameException or InvalidServiceNameException, or ValueError for a substitution."""
        self._require_handle()
        if not isinstance(name, str):
            raise TypeError(f"a name has to be a str, not {type(name).__name__}")
        validate_topic_name(name, is_service=is_service)
        full_name = _names.expand_name(name, self._name, self._namespace)
        validate_full_topic_name(full_name, is_service=is_service)
        if only_expand:
            return full_name
        scheme = "rosservice" if is_service else "rostopic"
        return _names.remap_name(full_name, self._remaps, self._name, self._namespace, scheme)
