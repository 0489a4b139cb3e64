"""The part of a node that keeps its parameters."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from rclpy._parameter_ranges import RELATIVE_TOLERANCE, double_problem, integer_problem
from rclpy.exceptions import (
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterAlreadyDeclaredException,
    ParameterImmutableException,
    ParameterNotDeclaredException,
    ParameterUninitializedException,
)
from rclpy.parameter import PARAMETER_SEPARATOR_STRING, Parameter
from rclpy.validate_parameter_name import validate_parameter_name

_WRONG_TYPE = "Wrong parameter type"


class NodeParameters:
    """Declares, checks, sets and announces parameters. A base class of Node."""

    PARAM_REL_TOL = RELATIVE_TOLERANCE

    _clock: Any
    _parameter_event_publisher: Any

    def _init_parameters(self, allow_undeclared: bool, overrides: dict[str, Parameter]) -> None:
        self._parameters: dict[str, Parameter] = {}
        self._descriptors: dict[str, Any] = {}
        self._parameter_overrides = overrides
        self._allow_undeclared_parameters = allow_undeclared
        self._pre_set_parameters_callbacks: list[Callable[[list[Parameter]], list[Parameter]]] = []
        self._parameters_callbacks: list[Callable[[list[Parameter]], Any]] = []
        self._post_set_parameters_callbacks: list[Callable[[list[Parameter]], None]] = []

    def get_fully_qualified_name(self) -> str:
        raise NotImplementedError("Node knows its name")

    # -- declaring

    def declare_parameter(
        self, name: str, value: Any = None, descriptor: Any = None, ignore_override: bool = False
    ) -> Parameter:
        """Declare a parameter with a default value, or a Parameter.Type that has to be set from outside.

        The value is that of an override (`-p`, parameter file) if there is one. Raises
        ParameterAlreadyDeclaredException, InvalidParameterException (name),
        InvalidParameterTypeException, or InvalidParameterValueException (range, callback).
        """
        from rcl_interfaces.msg import ParameterDescriptor

        if value is None and descriptor is None:
            return self.declare_parameters("", [(name,)], ignore_override)[0]
        given = ParameterDescriptor() if descriptor is None else descriptor
        return self.declare_parameters("", [(name, value, given)], ignore_override)[0]

    def declare_parameters(
        self, namespace: str, parameters: list[Any], ignore_override: bool = False
    ) -> list[Parameter]:
        """Declare several: tuples of name, and optionally value or type, and descriptor."""
        declared: list[Parameter] = []
        descriptors: dict[str, Any] = {}
        for index, given in enumerate(parameters):
            name, value, descriptor = self._checked_declaration(index, given)
            full_name = f"{namespace}.{name}" if namespace else name
            # Humble looks for the bare name, later releases for the full one.
            override = self._parameter_overrides.get(full_name) or self._parameter_overrides.get(name)
            if override is not None and not ignore_override:
                value = override.value
            validate_parameter_name(full_name)
            declared.append(Parameter(full_name, value=value))
            descriptors[full_name] = descriptor
        known = [p.name for p in declared if p.name in self._parameters]
        if known:
            raise ParameterAlreadyDeclaredException(known)
        self._set_each(declared, descriptors, raise_on_failure=True, allow_undeclared=True)
        return [self._parameters[p.name] for p in declared]

    def _checked_declaration(self, index: int, given: Any) -> tuple[str, Any, Any]:
        from rcl_interfaces.msg import ParameterDescriptor

        if not 1 <= len(given) <= 3:
            raise TypeError(
                f"Invalid parameter tuple length at index {index} in parameters list: {given}; "
                "expecting length between 1 and 3"
            )
        name = given[0]
        second = given[1] if len(given) > 1 else None
        descriptor = given[2] if len(given) > 2 else ParameterDescriptor()
        if not isinstance(name, str):
            raise TypeError(f"First element {name} at index {index} in parameters list is not a str.")
        if not isinstance(descriptor, ParameterDescriptor):
            raise TypeError(
                f"Third element {descriptor} at index {index} in parameters list is not a ParameterDescriptor."
            )
        if len(given) == 1:
            warnings.warn(
                f"when declaring parameter named '{name}', declaring a parameter only providing its name is "
                "deprecated: pass a default value, a parameter type, or a descriptor with dynamic_typing=True",
                stacklevel=4,
            )
            descriptor.dynamic_typing = True
        return name, self._settle_type(name, second, descriptor), descriptor

    @staticmethod
    def _settle_type(name: str, second: Any, descriptor: Any) -> Any:
        """Write the type into the descriptor; give the default value, None if there is none."""
        if isinstance(second, Parameter.Type):
            if second == Parameter.Type.NOT_SET:
                raise ValueError(f"Cannot declare parameter {{{name}}} as statically typed of type NOT_SET")
            if descriptor.dynamic_typing:
                raise ValueError(
                    f"When declaring parameter {{{name}}} passing a descriptor with "
                    "`dynamic_typing=True` is not allowed when the parameter type is provided"
                )
            descriptor.type = second.value
            return None
        if not descriptor.dynamic_typing and second is not None:
            if hasattr(second, "integer_array_value"):
                if second.type == 0:
                    raise ValueError(
                        "Cannot declare a statically typed parameter with default value of type PARAMETER_NOT_SET"
                    )
                descriptor.type = second.type
            else:
                descriptor.type = Parameter.Type.from_parameter_value(second).value
        return second

    def undeclare_parameter(self, name: str) -> None:
        """Forget a parameter. ParameterNotDeclaredException, or ParameterImmutableException if read-only."""
        if not self.has_parameter(name):
            raise ParameterNotDeclaredException(name)
        if self._descriptors[name].read_only:
            raise ParameterImmutableException(name)
        del self._parameters[name]
        del self._descriptors[name]

    # -- reading

    def has_parameter(self, name: str) -> bool:
        return name in self._parameters

    def get_parameter(self, name: str) -> Parameter:
        """ParameterNotDeclaredException, or ParameterUninitializedException if it has a type but no value."""
        parameter = self._parameters.get(name)
        if parameter is None:
            if self._allow_undeclared_parameters:
                return Parameter(name, Parameter.Type.NOT_SET, None)
            raise ParameterNotDeclaredException(name)
        if parameter.type_ == Parameter.Type.NOT_SET and not self._descriptors[name].dynamic_typing:
            raise ParameterUninitializedException(name)
        return parameter

    def get_parameters(self, names: list[str]) -> list[Parameter]:
        if not all(isinstance(name, str) for name in names):
            raise TypeError("All names must be instances of type str")
        return [self.get_parameter(name) for name in names]

    def get_parameter_or(self, name: str, alternative_value: Parameter | None = None) -> Parameter:
        """The parameter, or the alternative if it is not declared or has no value."""
        parameter = self._parameters.get(name)
        if parameter is None or parameter.type_ == Parameter.Type.NOT_SET:
            return alternative_value or Parameter(name, Parameter.Type.NOT_SET)
        return parameter

    def get_parameter_type(self, name: str) -> Any:
        """The number of the type, as in rcl_interfaces/msg/ParameterType."""
        if self.has_parameter(name):
            return self._parameters[name].type_.value
        if self._allow_undeclared_parameters:
            return Parameter.Type.NOT_SET
        raise ParameterNotDeclaredException(name)

    def get_parameter_types(self, names: list[str]) -> list[Any]:
        if not all(isinstance(name, str) for name in names):
            raise TypeError("All names must be instances of type str")
        return [self.get_parameter_type(name) for name in names]

    def get_parameters_by_prefix(self, prefix: str) -> dict[str, Parameter]:
        """Parameters `prefix.x`, by `x`."""
        if not isinstance(prefix, str):
            raise TypeError(f"the prefix has to be a str, not {type(prefix).__name__}")
        start = f"{prefix}{PARAMETER_SEPARATOR_STRING}" if prefix else ""
        return {n[len(start) :]: p for n, p in self._parameters.items() if n.startswith(start)}

    def list_parameters(self, prefixes: list[str], depth: int) -> Any:
        """A ListParametersResult: names below any of the prefixes (none: all), and the prefixes they have.

        `depth` says how many parts a name may have below its prefix; 0 is any number (Jazzy and later).
        """
        from rcl_interfaces.msg import ListParametersResult

        if not isinstance(prefixes, (list, tuple)) or not all(isinstance(p, str) for p in prefixes):
            raise TypeError("the prefixes have to be a list of str")
        if not isinstance(depth, int):
            raise TypeError("the depth has to be an int")
        if depth < 0:
            raise ValueError("the depth must be greater than or equal to zero")
        separator = PARAMETER_SEPARATOR_STRING
        result = ListParametersResult()
        for name in self._parameters:
            matching = [p for p in prefixes if name == p or name.startswith(p + separator)]
            if prefixes and not matching:
                continue
            rests = [name.removeprefix(p).removeprefix(separator) for p in matching] or [name]
            if depth and all(rest.count(separator) >= depth for rest in rests):
                continue
            result.names.append(name)
            prefix = name.rpartition(separator)[0]
            if prefix and prefix not in result.prefixes:
                result.prefixes.append(prefix)
        return result

    # -- setting

    def set_parameters(self, parameter_list: list[Parameter]) -> list[Any]:
        """Set one by one; a SetParametersResult each. ParameterNotDeclaredException for an unknown one."""
        return self._set_each(parameter_list)

    def set_parameters_atomically(self, parameter_list: list[Parameter]) -> Any:
        """Set all or none; one SetParametersResult."""
        self._require_declared(parameter_list)
        return self._set_together(parameter_list)

    def _set_each(
        self,
        parameter_list: list[Parameter],
        descriptors: dict[str, Any] | None = None,
        raise_on_failure: bool = False,
        allow_undeclared: bool = False,
    ) -> list[Any]:
        results = []
        for parameter in parameter_list:
            if not allow_undeclared:
                self._require_declared([parameter])
            result = self._set_together([parameter], descriptors, allow_not_set=allow_undeclared)
            if raise_on_failure and not result.successful:
                if result.reason.startswith(_WRONG_TYPE) and descriptors is not None:
                    expected = Parameter.Type(descriptors[parameter.name].type).name
                    raise InvalidParameterTypeException(parameter, expected)
                raise InvalidParameterValueException(parameter.name, parameter.value, result.reason)
            results.append(result)
        return results

    def _require_declared(self, parameter_list: list[Parameter]) -> None:
        if not all(isinstance(parameter, Parameter) for parameter in parameter_list):
            raise TypeError(f"parameter must be instance of type '{Parameter!r}'")
        unknown = [p.name for p in parameter_list if p.name not in self._parameters]
        if unknown and not self._allow_undeclared_parameters:
            raise ParameterNotDeclaredException(unknown)

    def _set_together(
        self,
        parameter_list: list[Parameter],
        descriptors: dict[str, Any] | None = None,
        allow_not_set: bool = False,
    ) -> Any:
        from rcl_interfaces.msg import SetParametersResult

        for change in self._pre_set_parameters_callbacks:
            parameter_list = change(parameter_list)
        known = self._descriptors if descriptors is None else descriptors
        for parameter in parameter_list:
            if parameter.name in known:
                problem = self._descriptor_problem(parameter, known[parameter.name], descriptors is None)
                if problem:
                    return SetParametersResult(successful=False, reason=problem)
        for callback in self._parameters_callbacks:
            result = callback(parameter_list)
            if not result.successful:
                return result
        self._keep_parameters(parameter_list, descriptors, allow_not_set)
        for notify in self._post_set_parameters_callbacks:
            notify(parameter_list)
        return SetParametersResult(successful=True)

    def _keep_parameters(
        self, parameter_list: list[Parameter], descriptors: dict[str, Any] | None, allow_not_set: bool
    ) -> None:
        from rcl_interfaces.msg import ParameterDescriptor, ParameterEvent

        event = ParameterEvent(node=self.get_fully_qualified_name())
        for parameter in parameter_list:
            name = parameter.name
            if parameter.type_ == Parameter.Type.NOT_SET and not allow_not_set:
                event.deleted_parameters.append(parameter.to_parameter_msg())
                self._parameters.pop(name, None)
                self._descriptors.pop(name, None)
                continue
            if descriptors is not None:
                self._descriptors[name] = descriptors[name]
            elif name not in self._descriptors:
                self._descriptors[name] = ParameterDescriptor(name=name, dynamic_typing=True)
            is_new = self.get_parameter_or(name).type_ == Parameter.Type.NOT_SET
            (event.new_parameters if is_new else event.changed_parameters).append(
                parameter.to_parameter_msg()
            )
            self._parameters[name] = parameter
        event.stamp = self._clock.now().to_msg()
        self._parameter_event_publisher.publish(event)

    def _descriptor_problem(self, parameter: Parameter, descriptor: Any, check_read_only: bool) -> str:
        """Why a value does not fit a descriptor; empty if it does. Completes name and dynamic type."""
        descriptor.name = parameter.name
        if check_read_only and descriptor.read_only:
            return f"Trying to set a read-only parameter: {parameter.name}."
        not_set = parameter.type_ == Parameter.Type.NOT_SET
        if descriptor.dynamic_typing:
            descriptor.type = parameter.type_.value
        elif self.has_parameter(parameter.name) and not_set:
            return "Static parameter cannot be undeclared"
        elif not not_set and parameter.type_.value != descriptor.type:
            return f"{_WRONG_TYPE}, expected '{Parameter.Type(descriptor.type)}' got '{parameter.type_}'"
        if parameter.type_ == Parameter.Type.INTEGER and descriptor.integer_range:
            return integer_problem(parameter.name, parameter.value, descriptor.integer_range[0])
        if parameter.type_ == Parameter.Type.DOUBLE and descriptor.floating_point_range:
            return double_problem(parameter.name, parameter.value, descriptor.floating_point_range[0])
        return ""

    # -- callbacks

    def add_on_set_parameters_callback(self, callback: Callable[[list[Parameter]], Any]) -> None:
        """`callback(parameters) -> SetParametersResult` may reject; the newest is asked first."""
        self._parameters_callbacks.insert(0, callback)

    def remove_on_set_parameters_callback(self, callback: Callable[[list[Parameter]], Any]) -> None:
        self._parameters_callbacks.remove(callback)

    def add_pre_set_parameters_callback(self, callback: Callable[[list[Parameter]], list[Parameter]]) -> None:
        """`callback(parameters) -> parameters` may change what is set (Iron and later)."""
        self._pre_set_parameters_callbacks.insert(0, callback)

    def remove_pre_set_parameters_callback(
        self, callback: Callable[[list[Parameter]], list[Parameter]]
    ) -> None:
        self._pre_set_parameters_callbacks.remove(callback)

    def add_post_set_parameters_callback(self, callback: Callable[[list[Parameter]], None]) -> None:
        """`callback(parameters)` after they were set (Iron and later)."""
        self._post_set_parameters_callbacks.insert(0, callback)

    def remove_post_set_parameters_callback(self, callback: Callable[[list[Parameter]], None]) -> None:
        self._post_set_parameters_callbacks.remove(callback)

    # -- descriptors

    def describe_parameter(self, name: str) -> Any:
        from rcl_interfaces.msg import ParameterDescriptor

        if name in self._descriptors:
            return self._descriptors[name]
        if self._allow_undeclared_parameters:
            return ParameterDescriptor()
        raise ParameterNotDeclaredException(name)

    def describe_parameters(self, names: list[str]) -> list[Any]:
        return [self.describe_parameter(name) for name in names]

    def set_descriptor(self, name: str, descriptor: Any, alternative_value: Any = None) -> Any:
        """A new descriptor; the value is kept if it fits, otherwise the alternative (ParameterValue) is taken."""
        from rcl_interfaces.msg import Parameter as ParameterMessage

        if not self.has_parameter(name):
            if not self._allow_undeclared_parameters:
                raise ParameterNotDeclaredException(name)
            return self.get_parameter(name).get_parameter_value()
        if self.describe_parameter(name).read_only:
            raise ParameterImmutableException(name)
        chosen = self.get_parameter(name)
        problem = self._descriptor_problem(chosen, descriptor, False)
        if problem and alternative_value is not None:
            chosen = Parameter.from_parameter_msg(ParameterMessage(name=name, value=alternative_value))
            problem = self._descriptor_problem(chosen, descriptor, False)
        if problem:
            raise InvalidParameterValueException(name, chosen.value, problem)
        self._parameters[name] = chosen
        self._descriptors[name] = descriptor
        return self.get_parameter(name).get_parameter_value()
