"""Parameters: named, typed values of a node."""

from __future__ import annotations

import array
from enum import Enum
from typing import Any

PARAMETER_SEPARATOR_STRING = "."

_VALUE_FIELDS = {
    1: "bool_value",
    2: "integer_value",
    3: "double_value",
    4: "string_value",
    5: "byte_array_value",
    6: "bool_array_value",
    7: "integer_array_value",
    8: "double_array_value",
    9: "string_array_value",
}
_ARRAY_ELEMENTS = {5: bytes, 6: bool, 7: int, 8: float, 9: str}


class _Type(Enum):
    """Type of a parameter, numbered as in rcl_interfaces/msg/ParameterType."""

    NOT_SET = 0
    BOOL = 1
    INTEGER = 2
    DOUBLE = 3
    STRING = 4
    BYTE_ARRAY = 5
    BOOL_ARRAY = 6
    INTEGER_ARRAY = 7
    DOUBLE_ARRAY = 8
    STRING_ARRAY = 9

    @classmethod
    def from_parameter_value(cls, parameter_value: Any) -> _Type:
        """The type of a Python value; TypeError if no parameter can hold it."""
        if parameter_value is None:
            return cls.NOT_SET
        for python_type, found in (
            (bool, cls.BOOL),
            (int, cls.INTEGER),
            (float, cls.DOUBLE),
            (str, cls.STRING),
        ):
            if isinstance(parameter_value, python_type):
                return found
        if isinstance(parameter_value, (list, tuple, array.array)):
            for number, element in _ARRAY_ELEMENTS.items():
                if all(isinstance(v, element) for v in parameter_value):
                    return cls(number)
            raise TypeError(f"The given value is not a list of one of the allowed types '{parameter_value}'.")
        raise TypeError(f"The given value is not one of the allowed types '{parameter_value}'.")

    def check(self, parameter_value: Any) -> bool:
        """Does a Python value fit this type?"""
        if self is _Type.NOT_SET:
            return parameter_value is None
        scalar = {1: bool, 2: int, 3: float, 4: str}.get(self.value)
        if scalar is not None:
            return isinstance(parameter_value, scalar)
        containers: tuple[type, ...] = (list, tuple)
        if self in (_Type.INTEGER_ARRAY, _Type.DOUBLE_ARRAY):
            containers = (list, tuple, array.array)
        element = _ARRAY_ELEMENTS[self.value]
        if not isinstance(parameter_value, containers) or not all(
            isinstance(v, element) for v in parameter_value
        ):
            return False
        return self is not _Type.BYTE_ARRAY or all(len(v) == 1 for v in parameter_value)


_Type.__qualname__ = "Parameter.Type"
_Type.__name__ = "Type"


class Parameter:
    """A name, a type and a value. ValueError if type and value do not agree."""

    Type = _Type

    def __init__(self, name: str, type_: _Type | None = None, value: Any = None) -> None:
        if type_ is None:
            type_ = _Type.from_parameter_value(value)
        if not isinstance(type_, _Type):
            raise TypeError(f"type must be an instance of '{_Type!r}'")
        if not type_.check(value):
            raise ValueError(f"Type '{type_}' and value '{value}' do not agree")
        self._type_ = type_
        self._name = name
        self._value = value

    @property
    def name(self) -> str:
        return self._name

    @property
    def type_(self) -> _Type:
        return self._type_

    @property
    def value(self) -> Any:
        return self._value

    def __repr__(self) -> str:
        return f"Parameter(name={self._name!r}, type_={self._type_}, value={self._value!r})"

    def get_parameter_value(self) -> Any:
        """As `rcl_interfaces.msg.ParameterValue`."""
        from rcl_interfaces.msg import ParameterValue

        message = ParameterValue(type=self._type_.value)
        field = _VALUE_FIELDS.get(self._type_.value)
        if field is not None:
            setattr(message, field, self._value)
        return message

    def to_parameter_msg(self) -> Any:
        """As `rcl_interfaces.msg.Parameter`."""
        from rcl_interfaces.msg import Parameter as ParameterMessage

        return ParameterMessage(name=self._name, value=self.get_parameter_value())

    @classmethod
    def from_parameter_msg(cls, param_msg: Any) -> Parameter:
        type_ = _Type(param_msg.value.type)
        field = _VALUE_FIELDS.get(type_.value)
        return cls(param_msg.name, type_, getattr(param_msg.value, field) if field else None)


def parameter_value_to_python(parameter_value: Any) -> Any:
    """The Python value in a ParameterValue message; None if it is not set."""
    if parameter_value.type == 0:
        return None
    field = _VALUE_FIELDS.get(parameter_value.type)
    if field is None:
        raise RuntimeError(f"unexpected parameter type {parameter_value.type}")
    value = getattr(parameter_value, field)
    return list(value) if parameter_value.type >= 5 else value


def get_parameter_value(string_value: str) -> Any:
    """The ParameterValue message for a value in YAML, as of `ros2 param set`; what is nothing else is text."""
    import yaml
    from rcl_interfaces.msg import ParameterValue

    try:
        value = yaml.safe_load(string_value)
        if value is not None:
            type_ = _Type.BOOL_ARRAY if value == [] else _Type.from_parameter_value(value)
            return Parameter("value", type_, value).get_parameter_value()
    except (yaml.YAMLError, TypeError):
        pass
    return ParameterValue(type=_Type.STRING.value, string_value=string_value)


def parameter_dict_from_yaml_file(
    parameter_file: str,
    use_wildcard: bool = False,
    target_nodes: list[str] | None = None,
    namespace: str = "",
) -> dict[str, Any]:
    """Parameter messages by name from a ROS parameter file, for the target nodes (none: all).

    `/**` counts only with `use_wildcard`, and less than what is said to a node. FileNotFoundError, or
    RuntimeError if the file is none of parameters, or has none for a target node.
    """
    from rclpy._parameter_yaml import ParameterYamlError, read_parameter_file

    try:
        entries = read_parameter_file(parameter_file)
    except ParameterYamlError as error:
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from None
        raise RuntimeError(f"{parameter_file} is not a valid ROS parameter file: {error}") from error
    nodes = {pattern for pattern, _, _ in entries}
    for wanted in target_nodes or ():
        if wanted not in nodes:
            raise RuntimeError(
                f"Param file does not contain parameters for {wanted}, only for nodes: {sorted(nodes)}"
            )
    chosen = set(target_nodes or nodes - {"/**"})
    values = {n: v for pattern, n, v in entries if pattern == "/**" and use_wildcard}
    values.update({n: v for pattern, n, v in entries if pattern in chosen})
    if not values:
        raise RuntimeError("Param file does not contain selected parameters")
    return {
        f"{namespace}{name}": Parameter(f"{namespace}{name}", value=value).to_parameter_msg()
        for name, value in values.items()
    }
