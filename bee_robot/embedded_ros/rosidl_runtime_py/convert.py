"""Messages as text: YAML and CSV, as `ros2 topic echo` shows them."""

from __future__ import annotations

import array
import sys
from collections import OrderedDict
from typing import Any

_MORE = "..."


def message_to_ordereddict(
    msg: Any, *, truncate_length: int | None = None, no_arr: bool = False, no_str: bool = False
) -> OrderedDict[str, Any]:
    """The message as plain values by field name, in the order of its definition.

    Texts, bytes and arrays longer than `truncate_length` end with `...`; with `no_arr` and `no_str` they are
    described instead of shown.
    """
    shape = _Shape(truncate_length, no_arr, no_str)
    return shape.mapping(msg)


def message_to_yaml(
    msg: Any,
    *,
    truncate_length: int | None = None,
    no_arr: bool = False,
    no_str: bool = False,
    flow_style: bool = False,
) -> str:
    """The message as YAML; with `flow_style` each list is on one line."""
    import yaml

    fields = message_to_ordereddict(msg, truncate_length=truncate_length, no_arr=no_arr, no_str=no_str)
    return str(
        yaml.dump(
            fields,
            Dumper=_dumper(),
            allow_unicode=True,
            width=sys.maxsize,
            default_flow_style=flow_style,
        )
    )


def message_to_csv(
    msg: Any, *, truncate_length: int | None = None, no_arr: bool = False, no_str: bool = False
) -> str:
    """All values of the message, nested ones too, separated by commas."""
    return _Row(truncate_length, no_arr, no_str).of_message(msg)


def _dumper() -> Any:
    import yaml

    class Dumper(yaml.Dumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def represent(dumper: Any, fields: Any) -> Any:
        node = dumper.represent_dict(fields.items())  # items, not the mapping: PyYAML would sort that
        node.flow_style = None  # as rosidl has it: also with flow style, fields have lines of their own
        return node

    Dumper.add_representer(OrderedDict, represent)
    return Dumper


def _is_many(value: Any) -> bool:
    return isinstance(value, (list, tuple, array.array)) or type(value).__name__ == "ndarray"


def _described(value: Any, type_name: str) -> str:
    """`<sequence type: uint8, length: 3>`, from a type such as `sequence<uint8>` or `double[9]`."""
    if type_name.startswith("sequence<"):
        base, _, bound = type_name[len("sequence<") : -1].rpartition(", ")
        if not base:
            base, bound = bound, ""
        size = f"[{bound}]" if bound else ""
        return f"<sequence type: {_full_base(base)}{size}, length: {len(value)}>"
    base, _, size = type_name.rpartition("[")
    return f"<array type: {_full_base(base)}[{size}>"


def _full_base(base: str) -> str:
    name = base.partition("<")[0]
    package, slash, short = name.partition("/")
    return f"{package}/msg/{short}" if slash else name


class _Shape:
    """Turns values into what YAML knows."""

    def __init__(self, longest: int | None, no_arr: bool, no_str: bool) -> None:
        self._longest, self._no_arr, self._no_str = longest, no_arr, no_str

    def mapping(self, msg: Any) -> OrderedDict[str, Any]:
        types = msg.get_fields_and_field_types()
        return OrderedDict((name, self.value(getattr(msg, name), types[name])) for name in types)

    def _is_long(self, value: Any) -> bool:
        return self._longest is not None and len(value) > self._longest

    def value(self, value: Any, type_name: str = "") -> Any:
        if isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, str):
            if self._no_str:
                return f"<string length: <{len(value)}>>"
            return value[: self._longest] + _MORE if self._is_long(value) else value
        if isinstance(value, bytes):
            text = "".join(map(chr, value[: self._longest]))
            return text + _MORE if self._is_long(value) else text
        if _is_many(value):
            return self._many(value, type_name)
        if hasattr(value, "item"):  # a scalar of numpy
            return value.item()
        return self.mapping(value)

    def _many(self, value: Any, type_name: str) -> Any:
        if self._no_arr and type_name:
            return _described(value, type_name)
        shown = [self.value(each) for each in value[: self._longest]]
        return [*shown, _MORE] if self._is_long(value) else shown


class _Row:
    """Turns values into comma-separated text."""

    def __init__(self, longest: int | None, no_arr: bool, no_str: bool) -> None:
        self._longest, self._no_arr, self._no_str = longest, no_arr, no_str

    def of_message(self, msg: Any) -> str:
        types = msg.get_fields_and_field_types()
        return ",".join(self._text(getattr(msg, name), types[name]) for name in types)

    def _text(self, value: Any, type_name: str = "") -> str:
        if _is_many(value):
            if self._no_arr and type_name:
                return _described(value, type_name)
            shown = [self._text(each) for each in value[: self._longest]]
            is_long = self._longest is not None and len(value) > self._longest
            return ",".join([*shown, _MORE] if is_long else shown)
        if isinstance(value, (str, bytes)):
            if self._no_str and isinstance(value, str):
                return f"<string length: <{len(value)}>>"
            if self._longest is not None and len(value) > self._longest:
                more: Any = _MORE if isinstance(value, str) else _MORE.encode()
                return str(value[: self._longest] + more)
            return str(value)
        if isinstance(value, (bool, int, float)) or hasattr(value, "item"):
            return str(value)
        return self.of_message(value)
