"""The six services by which others see and set a node's parameters."""

from __future__ import annotations

from typing import Any

from rclpy.exceptions import ParameterNotDeclaredException, ParameterUninitializedException
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_parameters


class ParameterService:
    """Creates the services on a node and answers them."""

    def __init__(self, node: Any) -> None:
        from rcl_interfaces.srv import (
            DescribeParameters,
            GetParameters,
            GetParameterTypes,
            ListParameters,
            SetParameters,
            SetParametersAtomically,
        )

        self._node = node
        for srv_type, name, callback in (
            (DescribeParameters, "describe_parameters", self._describe),
            (GetParameters, "get_parameters", self._get),
            (GetParameterTypes, "get_parameter_types", self._get_types),
            (ListParameters, "list_parameters", self._list),
            (SetParameters, "set_parameters", self._set),
            (SetParametersAtomically, "set_parameters_atomically", self._set_atomically),
        ):
            full_name = f"{node.get_name()}/{name}"
            node.create_service(srv_type, full_name, callback, qos_profile=qos_profile_parameters)

    def _describe(self, request: Any, response: Any) -> Any:
        for name in request.names:
            try:
                response.descriptors.append(self._node.describe_parameter(name))
            except ParameterNotDeclaredException:
                response.descriptors = self._node.describe_parameters([])
                return response
        return response

    def _get(self, request: Any, response: Any) -> Any:
        for name in request.names:
            try:
                response.values.append(self._node.get_parameter(name).get_parameter_value())
            except (ParameterNotDeclaredException, ParameterUninitializedException):
                response.values = []
                return response
        return response

    def _get_types(self, request: Any, response: Any) -> Any:
        for name in request.names:
            try:
                kind = self._node.get_parameter_type(name)
            except ParameterNotDeclaredException:
                response.types = []
                return response
            response.types.append(kind if isinstance(kind, int) else kind.value)
        return response

    def _list(self, request: Any, response: Any) -> Any:
        response.result = self._node.list_parameters(request.prefixes, request.depth)
        return response

    def _set(self, request: Any, response: Any) -> Any:
        from rcl_interfaces.msg import SetParametersResult

        for message in request.parameters:
            try:
                result = self._node.set_parameters_atomically([Parameter.from_parameter_msg(message)])
            except (ParameterNotDeclaredException, ValueError) as error:
                result = SetParametersResult(successful=False, reason=str(error))
            response.results.append(result)
        return response

    def _set_atomically(self, request: Any, response: Any) -> Any:
        from rcl_interfaces.msg import SetParametersResult

        try:
            parameters = [Parameter.from_parameter_msg(message) for message in request.parameters]
            response.result = self._node.set_parameters_atomically(parameters)
        except (ParameterNotDeclaredException, ValueError) as error:
            response.result = SetParametersResult(successful=False, reason=str(error))
        return response
