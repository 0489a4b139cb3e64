"""Messages from plain values, as YAML gives them."""

from __future__ import annotations

import array
import importlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

_HEADER, _TIME = "std_msgs/Header", "builtin_interfaces/Time"
_FLOATS = ("float", "double")
Stamp = Callable[[Any], None]


def set_message_fields(
    msg: Any, values: Any, expand_header_auto: bool = False, expand_time_now: bool = False
) -> list[Stamp]:
    """Set the fields named in `values`; the others stay as they are.

    With the two switches a header may be `auto` and a time `now`: for each of these the answer holds a
    function that sets it to a given time. AttributeError for an unknown field, TypeError or ValueError for a
    value that does not fit; the message names the field by its path.
    """
    words = {}
    if expand_header_auto:
        words[_HEADER, "auto"] = "stamp"
    if expand_time_now:
        words[_TIME, "now"] = ""
    stamps: list[Stamp] = []
    _Filler(words, stamps).fill(msg, values, "")
    return stamps


class _Filler:
    def __init__(self, words: dict[tuple[str, str], str], stamps: list[Stamp]) -> None:
        self._words, self._stamps = words, stamps

    def fill(self, msg: Any, values: Any, path: str) -> None:
        if not isinstance(values, Mapping):
            where = f"field '{path.rstrip('.')}'" if path else type(msg).__name__
            raise TypeError(
                f"{where}: expected fields with values ({{name: value}}), got {type(values).__name__} {values!r}"
            )
        types = msg.get_fields_and_field_types()
        for name, value in values.items():
            if name not in types:
                raise AttributeError(
                    f"{type(msg).__name__} has no field '{path}{name}'; it has {', '.join(types) or 'none'}"
                )
            if not self._is_word(msg, name, types[name], value):
                self._set(msg, name, types[name], value, f"{path}{name}")

    def _is_word(self, msg: Any, name: str, type_name: str, value: Any) -> bool:
        """`auto` and `now`: filled in when the message is sent."""
        if not isinstance(value, str) or (type_name, value) not in self._words:
            return False
        inner = self._words[type_name, value]
        self._stamps.append(
            partial(setattr, getattr(msg, name), inner) if inner else partial(setattr, msg, name)
        )
        return True

    def _set(self, msg: Any, name: str, type_name: str, value: Any, path: str) -> None:
        try:
            setattr(msg, name, self._converted(getattr(msg, name), type_name, value, path))
        except AssertionError as error:  # what rosidl's checks raise
            raise ValueError(f"field '{path}': {error}") from None
        except (TypeError, ValueError, OverflowError) as error:
            text = str(error)
            raise type(error)(
                text if "field '" in text else f"field '{path}' ({type_name}): {text}"
            ) from None

    def _converted(self, current: Any, type_name: str, value: Any, path: str) -> Any:
        base, is_many = _element_type(type_name)
        if not is_many:
            return self._scalar(current, base, value, path)
        if isinstance(value, (bytes, bytearray)) and base in ("uint8", "octet"):
            return array.array("B", value) if base == "uint8" else [bytes((each,)) for each in value]
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"expected a list, got {value!r}")
        if isinstance(current, array.array):
            return array.array(current.typecode, [_number(base, each) for each in value])
        if type(current).__name__ == "ndarray":
            import numpy

            return numpy.array([_number(base, each) for each in value], dtype=current.dtype)
        return [self._scalar(None, base, each, f"{path}[{i}]") for i, each in enumerate(value)]

    def _scalar(self, current: Any, base: str, value: Any, path: str) -> Any:
        if "/" in base:
            message = type(current)() if current is not None else _nested_class(base)()
            self.fill(message, value, f"{path}.")
            return message
        if base.startswith(("string", "wstring")):
            if isinstance(value, (list, dict)) or value is None:
                raise ValueError(f"expected a text, got {value!r}")
            return value if isinstance(value, str) else str(value)
        if base == "octet":
            return value if isinstance(value, bytes) else bytes((_number("uint8", value),))
        return _number(base, value)


def _element_type(type_name: str) -> tuple[str, bool]:
    """`sequence<double, 3>` -> ("double", True); `string<5>` -> ("string<5>", False)."""
    if type_name.startswith("sequence<"):
        inner = type_name[len("sequence<") : -1]
        base, comma, bound = inner.rpartition(", ")
        return (base, True) if comma and bound.isdigit() else (inner, True)
    if type_name.endswith("]"):
        return type_name.rpartition("[")[0], True
    return type_name, False


def _number(base: str, value: Any) -> Any:
    if base == "boolean":
        if value in (True, False):
            return bool(value)
        raise ValueError(f"expected true or false, got {value!r}")
    if isinstance(value, (list, dict)) or value is None:
        raise ValueError(f"expected a number, got {value!r}")
    if base in _FLOATS:
        return float(value)
    if isinstance(value, float) and value != int(value):
        raise ValueError(f"expected a whole number, got {value!r}")
    return int(value)


def _nested_class(base: str) -> Any:
    package, _, name = base.partition("/")
    return getattr(importlib.import_module(f"{package}.msg"), name)
