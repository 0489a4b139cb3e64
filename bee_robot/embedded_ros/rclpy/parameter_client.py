"""Asks another node for its parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rclpy.parameter import Parameter, parameter_dict_from_yaml_file
from rclpy.qos import QoSProfile, qos_profile_parameter_events, qos_profile_services_default
from rclpy.task import Future

_SERVICES = (
    ("get_parameters", "GetParameters"),
    ("set_parameters", "SetParameters"),
    ("list_parameters", "ListParameters"),
    ("describe_parameters", "DescribeParameters"),
    ("get_parameter_types", "GetParameterTypes"),
    ("set_parameters_atomically", "SetParametersAtomically"),
)


class AsyncParameterClient:
    """Clients of the six parameter services of a remote node."""

    def __init__(
        self,
        node: Any,
        remote_node_name: str,
        qos_profile: QoSProfile = qos_profile_services_default,
        callback_group: Any = None,
    ) -> None:
        import rcl_interfaces.srv as srv

        self.remote_node_name = remote_node_name
        self.node = node
        self._clients = {
            name: node.create_client(
                getattr(srv, type_name),
                f"{remote_node_name}/{name}",
                qos_profile=qos_profile,
                callback_group=callback_group,
            )
            for name, type_name in _SERVICES
        }

    def services_are_ready(self) -> bool:
        return all(client.service_is_ready() for client in self._clients.values())

    def wait_for_services(self, timeout_sec: float | None = None) -> bool:
        """Wait for all six; False if they were not there in time."""
        context = self.node.context
        context.graph.wait_until(lambda: self.services_are_ready() or not context.ok(), timeout_sec)
        return self.services_are_ready()

    def _call(self, name: str, callback: Callable[[Future], Any] | None, **fields: Any) -> Future:
        client = self._clients[name]
        future = client.call_async(client.srv_type.Request(**fields))
        if callback is not None:
            future.add_done_callback(callback)
        return future

    def get_parameters(self, names: list[str], callback: Callable[[Future], Any] | None = None) -> Future:
        return self._call("get_parameters", callback, names=names)

    def set_parameters(
        self, parameters: Sequence[Any], callback: Callable[[Future], Any] | None = None
    ) -> Future:
        """Parameters may be `rclpy.parameter.Parameter` or messages."""
        return self._call("set_parameters", callback, parameters=_messages(parameters))

    def set_parameters_atomically(
        self, parameters: Sequence[Any], callback: Callable[[Future], Any] | None = None
    ) -> Future:
        return self._call("set_parameters_atomically", callback, parameters=_messages(parameters))

    def describe_parameters(
        self, names: list[str], callback: Callable[[Future], Any] | None = None
    ) -> Future:
        return self._call("describe_parameters", callback, names=names)

    def get_parameter_types(
        self, names: list[str], callback: Callable[[Future], Any] | None = None
    ) -> Future:
        return self._call("get_parameter_types", callback, names=names)

    def list_parameters(
        self,
        prefixes: list[str] | None = None,
        depth: int | None = None,
        callback: Callable[[Future], Any] | None = None,
    ) -> Future:
        return self._call("list_parameters", callback, prefixes=prefixes or [], depth=depth or 0)

    def delete_parameters(self, names: list[str], callback: Callable[[Future], Any] | None = None) -> Future:
        """Setting a parameter to nothing undeclares it."""
        return self.set_parameters([Parameter(name) for name in names], callback)

    def load_parameter_file(
        self, parameter_file: str, use_wildcard: bool = False, callback: Callable[[Future], Any] | None = None
    ) -> Future:
        """Set what the file says to any node (and to `/**`, with `use_wildcard`) on the remote one."""
        found = parameter_dict_from_yaml_file(parameter_file, use_wildcard)
        return self.set_parameters(list(found.values()), callback)

    def load_parameter_file_atomically(
        self, parameter_file: str, use_wildcard: bool = False, callback: Callable[[Future], Any] | None = None
    ) -> Future:
        """The same, all or nothing."""
        found = parameter_dict_from_yaml_file(parameter_file, use_wildcard)
        return self.set_parameters_atomically(list(found.values()), callback)

    def on_parameter_event(
        self,
        callback: Callable[..., Any],
        qos_profile: QoSProfile = qos_profile_parameter_events,
        **options: Any,
    ) -> Any:
        """A subscription of /parameter_events, of all nodes; options as for `create_subscription`."""
        from rcl_interfaces.msg import ParameterEvent

        return self.node.create_subscription(
            ParameterEvent, "/parameter_events", callback, qos_profile, **options
        )


def _messages(parameters: Sequence[Any]) -> list[Any]:
    return [p.to_parameter_msg() if isinstance(p, Parameter) else p for p in parameters]
