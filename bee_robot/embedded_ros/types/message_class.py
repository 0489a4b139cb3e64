"""Builds the Python class of a message: as strict about fields as rosidl_generator_py of Humble.

The class is generated as source, so that reading and setting a field costs what a hand-written
property costs. Beside the public properties it has, for the codec (`cdr.py`):

- slots `_<field>` with the stored value,
- properties `_wire_<field>` where rosbags wants another form (numpy views of arrays, numbers for
  bytes), without copying the data,
- `_from_wire(*values)`, which makes a message from decoded values without checking them again.
"""

from __future__ import annotations

import array
import keyword
import math
from collections import UserList, UserString
from collections.abc import Callable, Sequence, Set
from typing import Any

from bee_robot.embedded_ros.types import wide_text
from bee_robot.embedded_ros.types.specs import ARRAY_TYPECODES, INTEGER_RANGES, FieldSpec, MessageSpec

_FLOAT_LIMITS = {"float32": ("float", 3.402823466e38), "float64": ("double", 1.7976931348623157e308)}
_NUMPY_DTYPES = {"char": "uint8"}


def is_collection(value: object) -> bool:
    """What rosidl takes for a set or sequence: text is not one."""
    return isinstance(value, (Sequence, Set, UserList)) and not isinstance(value, (str, UserString))


def empty_array(typecode: str) -> Any:
    """A zero-length numpy array for an empty array.array, which offers no buffer to view."""
    import numpy

    return numpy.empty(0, numpy.dtype(typecode))


def numpy_view(values: Any, dtype: str) -> Any:
    import numpy

    return numpy.frombuffer(values, dtype) if len(values) else numpy.empty(0, dtype)


def numpy_flat(values: Any, dtype: str) -> Any:
    import numpy

    return numpy.ascontiguousarray(values, dtype).reshape(-1)


def array_from_wire(typecode: str, values: Any) -> array.array:
    result = array.array(typecode)
    if len(values):
        result.frombytes(values.view("u1").data)
    return result


def numpy_zeros(size: int, dtype: str) -> Any:
    import numpy

    return numpy.zeros(size, dtype)


def numpy_array(values: Any, dtype: str) -> Any:
    import numpy

    return numpy.array(values, dtype)


def within(values: Any, bound: int, name: str) -> Any:
    """`values`, checked again on its way to or from the wire: a list may have grown since it was set."""
    if len(values) > bound:
        raise ValueError(f"field '{name}' has {len(values)} elements, but at most {bound} are allowed")
    return values


def texts_within(values: Any, bound: int, name: str) -> Any:
    for value in values:
        within(value, bound, name)
    return values


def numpy_exactly(values: Any, name: str, dtype: str, size: int) -> Any:
    """An array of its own, from what a constructor is given."""
    result = numpy_array(values, dtype)
    assert result.shape == (size,), f"The '{name}' field must have the shape ({size},), not {result.shape}"
    return result


def is_numpy_array(value: object) -> bool:
    return type(value).__module__ == "numpy" and type(value).__name__ == "ndarray"


def check_numpy(value: Any, name: str, dtype: str, size: int) -> None:
    assert value.dtype == dtype, f"The '{name}' numpy.ndarray() must have the dtype of 'numpy.{dtype}'"
    assert value.size == size, f"The '{name}' numpy.ndarray() must have a size of {size}"


def fields_equal(left: Any, right: Any) -> bool:
    """Equality of two field values; numpy arrays by content."""
    if is_numpy_array(left) or is_numpy_array(right):
        return len(left) == len(right) and all(a == b for a, b in zip(left, right))
    return bool(left == right)


def field_repr(value: Any) -> str:
    """As rosidl prints it: array.array without its type code."""
    if isinstance(value, array.array):
        return repr(value.tolist()) if value.typecode not in "fd" else f"[{', '.join(map(repr, value))}]"
    return repr(value)


def build_message_class(spec: MessageSpec, resolve: Callable[[str], type], module: str) -> type:
    """The class of `spec`. `resolve` gives the class of a nested type by its full name."""
    namespace: dict[str, Any] = {
        "array": array,
        "isinf": math.isinf,
        "is_collection": is_collection,
        "numpy_view": numpy_view,
        "numpy_flat": numpy_flat,
        "numpy_zeros": numpy_zeros,
        "numpy_array": numpy_array,
        "numpy_exactly": numpy_exactly,
        "is_numpy_array": is_numpy_array,
        "check_numpy": check_numpy,
        "array_from_wire": array_from_wire,
        "within": within,
        "texts_within": texts_within,
        "WideText": wide_text.WideText,
        "_new": object.__new__,
    }
    fields = [_Field(f, f"T{i}") for i, f in enumerate(spec.fields)]
    for each in fields:
        if each.spec.is_nested:
            namespace[each.nested] = resolve(each.spec.base)
    lines: list[str] = ["class Message:"]
    slots = "".join(f"'_{f.name}', " for f in fields)
    lines += [f"    __slots__ = [{slots}]", ""]
    lines += _constructor(spec, fields)
    lines += _from_wire(fields)
    for each in fields:
        lines += _property(each)
        lines += _wire_property(each)
    exec(compile("\n".join(lines), f"<{spec.name}>", "exec"), namespace)
    raw_class = namespace["Message"]
    members = {k: v for k, v in vars(raw_class).items() if not _is_slot(k, fields)}
    members.update(_common_members(spec, fields))
    members.update(spec.constants)
    if not fields:
        members["_wire_filler"] = 0  # what rosidl puts where a struct has no member
    members["__module__"] = module
    members["__qualname__"] = spec.short_name
    members["__init__"].__qualname__ = f"{spec.short_name}.__init__"
    created = _MessageType(spec.short_name, (), members)
    namespace["Message"] = created
    return created


class _MessageType(type):
    """Metaclass of messages: constants cannot be assigned, as in rosidl."""

    def __setattr__(cls, name: str, value: Any) -> None:
        if name in cls.__dict__.get("_CONSTANT_NAMES", ()):
            raise AttributeError(f"can't set attribute: {cls.__name__}.{name} is a constant")
        super().__setattr__(name, value)


class _Field:
    """A field with what the generator needs to know about it."""

    def __init__(self, spec: FieldSpec, nested: str) -> None:
        self.spec = spec
        self.nested = nested
        self.name = f"{spec.name}_" if keyword.iskeyword(spec.name) else spec.name
        self.dtype = _NUMPY_DTYPES.get(spec.base, spec.base)
        self.typecode = ARRAY_TYPECODES.get(spec.base, "")

    @property
    def wire_name(self) -> str:
        """The attribute that rosbags' serialiser reads."""
        spec = self.spec
        plain = spec.is_nested or spec.base == "string"
        if spec.cardinality == "scalar":
            plain = spec.base not in ("byte", "wstring")
        return f"_{self.name}" if plain and not self.is_bounded else f"_wire_{self.name}"

    @property
    def is_bounded(self) -> bool:
        """True if what is stored or received may be longer than the type allows."""
        return bool(self.spec.string_bound) or (self.spec.cardinality == "sequence" and self.spec.size > 0)

    def bounded(self, value: str) -> str:
        """An expression for `value` that raises ValueError if it is longer than the type allows."""
        spec = self.spec
        if spec.cardinality == "sequence" and spec.size:
            value = f"within({value}, {spec.size}, {self.name!r})"
        if spec.string_bound:
            check = "within" if spec.cardinality == "scalar" else "texts_within"
            value = f"{check}({value}, {spec.string_bound}, {self.name!r})"
        return value


def _is_slot(name: str, fields: list[_Field]) -> bool:
    return name in ("__dict__", "__weakref__") or any(name == f"_{f.name}" for f in fields)


def _default_expression(field: _Field) -> str:
    spec, given = field.spec, field.spec.default
    if spec.cardinality == "scalar":
        return _scalar_default(field, given)
    if spec.cardinality == "array":
        if spec.uses_array_storage:
            if given is not None:
                return f"numpy_array({list(given)!r}, {field.dtype!r})"
            return f"numpy_zeros({spec.size}, {field.dtype!r})"
        if given is not None:
            return "[" + ", ".join(_scalar_default(field, g) for g in given) + "]"
        return f"[{_scalar_default(field, None)} for _ in range({spec.size})]"
    if spec.uses_array_storage:
        return f"array.array({field.typecode!r}, {list(given or [])!r})"
    return "[" + ", ".join(_scalar_default(field, g) for g in given or []) + "]"


def _scalar_default(field: _Field, given: Any) -> str:
    base = field.spec.base
    if field.spec.is_nested:
        return f"{field.nested}()"
    if base in ("string", "wstring"):
        return repr(str(given)) if given is not None else "''"
    if base == "bool":
        return repr(bool(given))
    if base == "byte":
        return repr(bytes([int(given or 0)]))
    if base in _FLOAT_LIMITS:
        return repr(float(given or 0.0))
    return repr(int(given or 0))


def _constructor(spec: MessageSpec, fields: list[_Field]) -> list[str]:
    lines = ["    def __init__(self, **kwargs):"]
    lines.append("        if not kwargs:")
    lines += [f"            self._{f.name} = {_default_expression(f)}" for f in fields]
    lines += ["            return"]
    lines.append("        names = self._FIELD_NAMES")
    lines.append("        assert all(key in names for key in kwargs), \\")
    lines.append(f"            'Invalid arguments passed to constructor of {spec.name}: %s' % \\")
    lines.append("            ', '.join(sorted(k for k in kwargs if k not in names))")
    for f in fields:
        lines.append(f"        if {f.name!r} in kwargs:")
        lines.append(f"            self.{f.name} = {_constructed(f)}")
        lines.append("        else:")
        lines.append(f"            self._{f.name} = {_default_expression(f)}")
    return [*lines, ""]


def _constructed(field: _Field) -> str:
    """What the constructor makes of a value: arrays from anything iterable, as in rosidl."""
    spec, given = field.spec, f"kwargs[{field.name!r}]"
    if spec.cardinality == "scalar" or not spec.uses_array_storage:
        return given
    if spec.cardinality == "array":
        return f"numpy_exactly({given}, {field.name!r}, {field.dtype!r}, {spec.size})"
    return f"array.array({field.typecode!r}, {given})"


def _from_wire(fields: list[_Field]) -> list[str]:
    arguments = [f"a{i}" for i in range(len(fields))] or ["_unused"]
    lines = ["    @staticmethod", f"    def _from_wire({', '.join(arguments)}):"]
    lines.append("        self = _new(Message)")
    for f, argument in zip(fields, arguments):
        lines.append(f"        self._{f.name} = {_decoded(f, argument)}")
    return [*lines, "        return self", ""]


def _decoded(field: _Field, value: str) -> str:
    spec = field.spec
    value = field.bounded(value)
    if spec.base == "byte":
        if spec.cardinality == "scalar":
            return f"bytes(({value},))"
        return f"[bytes((int(v),)) for v in {value}]"
    if spec.cardinality == "scalar":
        return value
    if spec.base == "bool":
        return f"{value}.tolist()"
    if spec.uses_array_storage:
        if spec.cardinality == "array":
            return f"{value}.copy()"
        return f"array_from_wire({field.typecode!r}, {value})"
    return value


def _wire_property(field: _Field) -> list[str]:
    spec = field.spec
    if not field.wire_name.startswith("_wire_"):
        return []
    stored = field.bounded(f"self._{field.name}")
    if spec.base == "wstring":
        is_scalar = spec.cardinality == "scalar"
        expression = f"WideText({stored})" if is_scalar else f"[WideText(v) for v in {stored}]"
    elif spec.is_nested or spec.base == "string":
        expression = stored
    elif spec.base == "byte":
        if spec.cardinality == "scalar":
            expression = f"{stored}[0]"
        else:
            expression = f"numpy_view(b''.join({stored}), 'uint8')"
    elif spec.base == "bool":
        expression = f"numpy_array({stored}, 'bool')"
    elif spec.cardinality == "array":
        expression = f"numpy_flat({stored}, {field.dtype!r})"
    else:
        expression = f"numpy_view({stored}, {field.dtype!r})"
    return ["    @property", f"    def {field.wire_name}(self):", f"        return {expression}", ""]


def _property(field: _Field) -> list[str]:
    name = field.name
    lines = ["    @property", f"    def {name}(self):", f"        return self._{name}", ""]
    lines += [f"    @{name}.setter", f"    def {name}(self, value):"]
    checks = _scalar_checks(field, "value") if field.spec.cardinality == "scalar" else _many_checks(field)
    lines += [f"        {line}" for line in checks]
    return [*lines, ""]


def _scalar_checks(field: _Field, value: str) -> list[str]:
    spec, name = field.spec, field.name
    store = f"self._{name} = {value}"
    if spec.is_nested:
        short = spec.base.rsplit("/", 1)[1]
        text = f"The '{name}' field must be a sub message of type '{short}'"
        return [f"assert isinstance({value}, {field.nested}), {text!r}", store]
    text = f"The '{name}' field must be of type '%s'"
    if spec.is_string:
        lines = [f"assert isinstance({value}, str), {text % 'str'!r}"]
        if spec.string_bound:
            bound = f"The '{name}' field must be string value not longer than {spec.string_bound}"
            lines.append(f"assert len({value}) <= {spec.string_bound}, {bound!r}")
        return [*lines, store]
    if spec.base == "bool":
        return [f"assert isinstance({value}, bool), {text % 'bool'!r}", store]
    if spec.base == "byte":
        octet = f"The '{name}' field must be of type 'bytes' or 'ByteString' with length 1"
        return [f"assert isinstance({value}, (bytes, bytearray)) and len({value}) == 1, {octet!r}", store]
    if spec.base in _FLOAT_LIMITS:
        word, limit = _FLOAT_LIMITS[spec.base]
        bound = f"The '{name}' field must be a {word} in [{-limit}, {limit}]"
        return [
            f"assert isinstance({value}, float), {text % 'float'!r}",
            f"assert not ({value} < {-limit} or {value} > {limit}) or isinf({value}), {bound!r}",
            store,
        ]
    lowest, highest = INTEGER_RANGES[spec.base]
    kind = "integer" if lowest else "unsigned integer"
    bound = f"The '{name}' field must be an {kind} in [{lowest}, {highest}]"
    return [
        f"assert isinstance({value}, int), {text % 'int'!r}",
        f"assert {lowest} <= {value} <= {highest}, {bound!r}",
        store,
    ]


def _many_checks(field: _Field) -> list[str]:
    spec, name = field.spec, field.name
    fixed = spec.cardinality == "array"
    lines: list[str] = []
    if spec.uses_array_storage and fixed:
        lines += ["if is_numpy_array(value):"]
        lines += [f"    check_numpy(value, {name!r}, {field.dtype!r}, {spec.size})"]
        lines += [f"    self._{name} = value", "    return"]
    elif spec.uses_array_storage:
        code = f"The '{name}' array.array() must have the type code of '{field.typecode}'"
        lines += ["if isinstance(value, array.array):"]
        lines += [f"    assert value.typecode == {field.typecode!r}, {code!r}"]
        if spec.size:
            size = f"The '{name}' array.array() must have a size <= {spec.size}"
            lines += [f"    assert len(value) <= {spec.size}, {size!r}"]
        lines += [f"    self._{name} = value", "    return"]
    condition, text = _element_condition(field)
    length = ""
    if fixed:
        condition = f"len(value) == {spec.size} and {condition}"
        length = f" with length {spec.size} and"
    elif spec.size:
        condition = f"len(value) <= {spec.size} and {condition}"
        length = f" with length <= {spec.size} and"
    else:
        length = " and"
    message = f"The '{name}' field must be a set or sequence{length} each value of type {text}"
    lines.append(f"assert is_collection(value) and {condition}, {message!r}")
    if spec.uses_array_storage and fixed:
        lines.append(f"self._{name} = numpy_array(value, {field.dtype!r})")
    elif spec.uses_array_storage:
        lines.append(f"self._{name} = array.array({field.typecode!r}, value)")
    else:
        lines.append(f"self._{name} = value")
    return lines


def _element_condition(field: _Field) -> tuple[str, str]:
    spec = field.spec
    if spec.is_nested:
        return f"all(isinstance(v, {field.nested}) for v in value)", f"'{spec.base.rsplit('/', 1)[1]}'"
    if spec.is_string:
        condition = "all(isinstance(v, str) for v in value)"
        if spec.string_bound:
            condition += f" and all(len(v) <= {spec.string_bound} for v in value)"
        return condition, "'str'"
    if spec.base == "bool":
        return "all(isinstance(v, bool) for v in value)", "'bool'"
    if spec.base == "byte":
        return "all(isinstance(v, (bytes, bytearray)) and len(v) == 1 for v in value)", "'bytes'"
    if spec.base in _FLOAT_LIMITS:
        word, limit = _FLOAT_LIMITS[spec.base]
        within = f"all(not (v < {-limit} or v > {limit}) or isinf(v) for v in value)"
        return (
            f"all(isinstance(v, float) for v in value) and {within}",
            f"'float' and each {word} in [{-limit:f}, {limit:f}]",
        )
    lowest, highest = INTEGER_RANGES[spec.base]
    kind = "integer" if lowest else "unsigned integer"
    return (
        f"all(isinstance(v, int) for v in value) and all({lowest} <= v <= {highest} for v in value)",
        f"'int' and each {kind} in [{lowest}, {highest}]",
    )


def _common_members(spec: MessageSpec, fields: list[_Field]) -> dict[str, Any]:
    names = tuple(f.name for f in fields)
    types = {f.name: f.spec.ros_name for f in fields}
    prefix = ".".join([spec.package, spec.kind])

    def get_fields_and_field_types(cls: type) -> dict[str, str]:
        return dict(types)

    def equal(self: Any, other: object) -> bool:
        if not isinstance(other, self.__class__):
            return False
        return all(fields_equal(getattr(self, n), getattr(other, n)) for n in names)

    def represent(self: Any) -> str:
        inner = ", ".join(f"{n}={field_repr(getattr(self, n))}" for n in names)
        return f"{prefix}.{spec.short_name}({inner})"

    def copy_state(self: Any) -> dict[str, Any]:
        return {f"_{n}": getattr(self, f"_{n}") for n in names}

    def restore_state(self: Any, state: dict[str, Any]) -> None:
        for key, value in state.items():
            setattr(self, key, value)

    return {
        "__doc__": f"Message {spec.name}.",
        "__eq__": equal,
        "__hash__": None,
        "__repr__": represent,
        "__getstate__": copy_state,
        "__setstate__": restore_state,
        "__reduce__": lambda self: (_restore, (spec.name, copy_state(self))),
        "get_fields_and_field_types": classmethod(get_fields_and_field_types),
        "_fields_and_field_types": types,
        "_FIELD_NAMES": frozenset(names),
        "_CONSTANT_NAMES": frozenset(spec.constants),
        "_SPEC": spec,
        "_WIRE_NAMES": tuple(f.wire_name for f in fields),
        "_TYPE_SUPPORT": spec.name,
    }


def _restore(name: str, state: dict[str, Any]) -> Any:
    from bee_robot.embedded_ros.types.registry import message_class

    message = object.__new__(message_class(name))
    message.__setstate__(state)
    return message
