"""What can go wrong, by the names rclpy gives it."""

from __future__ import annotations

from typing import Any


class RCLError(RuntimeError):
    """What rclpy's C layer raises; here the reasons are those of the transport."""


class InvalidHandle(Exception):
    """An entity was used after it was destroyed."""


class NotInitializedException(Exception):
    """rclpy.init() has not been called, or the context was shut down."""

    def __init__(self, *args: Any) -> None:
        super().__init__("rclpy.init() has not been called", *args)


class NoTypeSupportImportedException(Exception):
    """The class is no message, service or action type."""

    def __init__(self, *args: Any) -> None:
        super().__init__("no type_support imported", *args)


class NoPublisherException(Exception): ...


class NoSubscriptionException(Exception): ...


class NameValidationException(Exception):
    """A node, topic or service name that ROS does not allow; says which character is wrong."""

    def __init__(self, name_type: str, name: str, error_msg: str, invalid_index: int, *args: Any) -> None:
        text = f"Invalid {name_type}: {error_msg}:\n  '{name}'\n   {' ' * invalid_index}^"
        super().__init__(text)
        self.name_type = name_type
        self.name = name
        self.error_msg = error_msg
        self.invalid_index = invalid_index


class InvalidNamespaceException(NameValidationException):
    def __init__(self, name: str, error_msg: str, invalid_index: int, *args: Any) -> None:
        super().__init__("namespace", name, error_msg, invalid_index)


class InvalidNodeNameException(NameValidationException):
    def __init__(self, name: str, error_msg: str, invalid_index: int, *args: Any) -> None:
        super().__init__("node name", name, error_msg, invalid_index)


class InvalidTopicNameException(NameValidationException):
    def __init__(self, name: str, error_msg: str, invalid_index: int, *args: Any) -> None:
        super().__init__("topic name", name, error_msg, invalid_index)


class InvalidServiceNameException(NameValidationException):
    def __init__(self, name: str, error_msg: str, invalid_index: int, *args: Any) -> None:
        super().__init__("service name", name, error_msg, invalid_index)


class ParameterException(Exception):
    """Base of all that concerns parameters. `args`: what is wrong, and with which of them."""

    def __init__(self, error_msg: str, parameters: Any, *args: Any) -> None:
        super().__init__(error_msg, parameters, *args)

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.args[1]}"


class ParameterNotDeclaredException(ParameterException):
    def __init__(self, parameters: Any, *args: Any) -> None:
        super().__init__("Invalid access to undeclared parameter(s)", parameters, *args)


class ParameterAlreadyDeclaredException(ParameterException):
    def __init__(self, parameters: Any, *args: Any) -> None:
        super().__init__("Parameter(s) already declared", parameters, *args)


class InvalidParameterException(ParameterException):
    def __init__(self, parameter: Any, *args: Any) -> None:
        super().__init__("Invalid parameter name", parameter, *args)


class InvalidParameterTypeException(ParameterException):
    def __init__(self, desired_parameter: Any, expected_type: Any, *args: Any) -> None:
        Exception.__init__(
            self,
            f"Trying to set parameter '{desired_parameter.name}' to '{desired_parameter.value}' of type "
            f"'{desired_parameter.type_.name}', expecting type '{expected_type}'",
            *args,
        )
        self.param_name = desired_parameter.name

    def __str__(self) -> str:
        return str(self.args[0])


class InvalidParameterValueException(ParameterException):
    def __init__(self, parameter: Any, value: Any, reason: str, *args: Any) -> None:
        super().__init__(
            f"Invalid parameter value ({value}) for parameter. Reason: {reason}",
            parameter,
            *args,
        )


class ParameterImmutableException(ParameterException):
    def __init__(self, parameter: Any, *args: Any) -> None:
        super().__init__("Attempted to modify read-only parameter", parameter, *args)


class ParameterUninitializedException(ParameterException):
    def __init__(self, parameter_name: str, *args: Any) -> None:
        Exception.__init__(self, f"The parameter '{parameter_name}' is not initialized", *args)

    def __str__(self) -> str:
        return str(self.args[0])


class ROSInterruptException(Exception):
    """A sleep ended because the context was shut down."""

    def __init__(self, *args: Any) -> None:
        super().__init__("rclpy.shutdown() has been called", *args)


class UnsupportedEventTypeError(RCLError):
    """The transport cannot tell of this event."""


class TimerCancelledError(RCLError):
    """A cancelled timer was called."""


class UnknownROSArgsError(RCLError):
    """`--ros-args` holds something that ROS does not know."""


class InvalidROSArgsError(RCLError):
    """`--ros-args` holds something that is not well formed."""
