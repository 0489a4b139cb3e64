"""All interface types of this process by name; each is made when it is first asked for."""

from __future__ import annotations

import re
import threading
from typing import Any, NoReturn

from bee_robot.embedded_ros.types import sources
from bee_robot.embedded_ros.types.cdr import Codec, CodecStore
from bee_robot.embedded_ros.types.message_class import build_message_class
from bee_robot.embedded_ros.types.specs import (
    DefinitionError,
    FieldSpec,
    MessageSpec,
    parse_message,
    spec_from_rosbags,
)
from bee_robot.embedded_ros.types.type_hash import TypeHasher, action_structs, service_structs

_UUID = FieldSpec("goal_id", "unique_identifier_msgs/msg/UUID")
_lock = threading.RLock()
_specs: dict[str, MessageSpec] = {}
_classes: dict[str, Any] = {}


def _fail(kind: str) -> Any:
    def refuse(cls: type, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(f"{kind} classes can not be instantiated")

    return refuse


def snake_case(name: str) -> str:
    """File name of a type as rosidl forms it: UInt8 -> u_int8."""
    partly = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", partly).lower()


def message_spec(full_name: str) -> MessageSpec:
    """The spec of a message type, parts of services and actions included; DefinitionError if unknown."""
    spec = _specs.get(full_name)
    if spec is None:
        with _lock:
            _load_spec(full_name)
            spec = _specs.get(full_name)
    if spec is None:
        raise DefinitionError(
            f"no definition of {full_name}: is the package's folder there, and the name right?"
        )
    return spec


def _load_spec(full_name: str) -> None:
    package, kind, name = full_name.split("/")
    if kind == "msg":
        text = sources.definition_text(package, "msg", name)
        if text is not None:
            _specs[full_name] = parse_message(text, full_name)
            return
        entry = sources.rosbags_definition(full_name)
        if entry is not None:
            defaults = sources.ROSBAGS_DEFAULTS.get(full_name, {})
            _specs[full_name] = spec_from_rosbags(full_name, entry, defaults)
    elif kind == "srv":
        _load_service(package, name.rsplit("_", 1)[0])
    elif kind == "action":
        _load_action(package, name.split("_", 1)[0])


def _load_service(package: str, name: str) -> bool:
    text = sources.definition_text(package, "srv", name)
    if text is None:
        return False
    base = f"{package}/srv/{name}"
    for part, suffix in zip(sources.split_sections(text, 2, base), ("Request", "Response")):
        _specs[f"{base}_{suffix}"] = parse_message(part, f"{base}_{suffix}")
    return True


def _load_action(package: str, name: str) -> bool:
    text = sources.definition_text(package, "action", name)
    if text is None:
        return False
    base = f"{package}/action/{name}"
    for part, suffix in zip(sources.split_sections(text, 3, base), ("Goal", "Result", "Feedback")):
        _specs[f"{base}_{suffix}"] = parse_message(part, f"{base}_{suffix}")
    stamp = FieldSpec("stamp", "builtin_interfaces/msg/Time")
    composed = {
        "SendGoal_Request": (_UUID, FieldSpec("goal", f"{base}_Goal")),
        "SendGoal_Response": (FieldSpec("accepted", "bool"), stamp),
        "GetResult_Request": (_UUID,),
        "GetResult_Response": (FieldSpec("status", "int8"), FieldSpec("result", f"{base}_Result")),
        "FeedbackMessage": (_UUID, FieldSpec("feedback", f"{base}_Feedback")),
    }
    for suffix, fields in composed.items():
        _specs[f"{base}_{suffix}"] = MessageSpec(f"{base}_{suffix}", fields)
    return True


def message_class(full_name: str) -> Any:
    """The class of a message type."""
    found = _classes.get(full_name)
    if found is None:
        with _lock:
            found = _classes.get(full_name)
            if found is None:
                spec = message_spec(full_name)
                owner = spec.short_name.split("_", 1)[0] if spec.kind != "msg" else spec.short_name
                module = f"{spec.package}.{spec.kind}._{snake_case(owner)}"
                found = _classes[full_name] = build_message_class(spec, message_class, module)
    return found


def service_class(full_name: str) -> Any:
    """The class of a service (`package/srv/Name`) with `Request` and `Response`."""
    return _composed_class(full_name, _make_service)


def action_class(full_name: str) -> Any:
    """The class of an action with `Goal`, `Result`, `Feedback` and `Impl`."""
    return _composed_class(full_name, _make_action)


def _composed_class(full_name: str, make: Any) -> Any:
    found = _classes.get(full_name)
    if found is None:
        with _lock:
            found = _classes.get(full_name)
            if found is None:
                found = _classes[full_name] = make(full_name)
    return found


def _make_service(full_name: str, request: str = "", response: str = "", module: str = "") -> Any:
    package, kind, name = full_name.split("/")
    request_class = message_class(request or f"{full_name}_Request")
    response_class = message_class(response or f"{full_name}_Response")
    members = {
        "Request": request_class,
        "Response": response_class,
        "_TYPE_NAME": full_name,
        "_TYPE_SUPPORT": full_name,
        "__new__": _fail("Service"),
        "__doc__": f"Service {full_name}.",
        "__module__": module or f"{package}.{kind}._{snake_case(name)}",
    }
    return type(name, (), members)


def _make_action(full_name: str) -> Any:
    package, _, name = full_name.split("/")
    module = f"{package}.action._{snake_case(name)}"
    goal, result, feedback = (message_class(f"{full_name}_{part}") for part in ("Goal", "Result", "Feedback"))
    impl_members = {
        "SendGoalService": _make_service(f"{full_name}_SendGoal", module=module),
        "GetResultService": _make_service(f"{full_name}_GetResult", module=module),
        "FeedbackMessage": message_class(f"{full_name}_FeedbackMessage"),
        "CancelGoalService": service_class("action_msgs/srv/CancelGoal"),
        "GoalStatusMessage": message_class("action_msgs/msg/GoalStatusArray"),
    }
    members = {
        "Goal": goal,
        "Result": result,
        "Feedback": feedback,
        "Impl": type(f"{name}_Impl", (), impl_members),
        "_TYPE_NAME": full_name,
        "_TYPE_SUPPORT": full_name,
        "__new__": _fail("Action"),
        "__doc__": f"Action {full_name}.",
        "__module__": module,
    }
    return type(name, (), members)


codec_store = CodecStore(message_class)
_hasher = TypeHasher(message_spec)


def codec_of(message_type: Any) -> Codec:
    """The CDR codec of a message class."""
    return codec_store.get_msgdef(message_type._SPEC.name)


def message_hash(message_type: Any) -> str:
    """RIHS01 hash of a message class."""
    return _hasher.message_hash(message_type._SPEC.name)


def service_hash(service_type: Any) -> str:
    """RIHS01 hash of a service class, of the services of actions too."""
    struct, helpers = service_structs(
        service_type._TYPE_NAME, service_type.Request._SPEC.name, service_type.Response._SPEC.name
    )
    return _hasher.struct_hash(struct, helpers)


def action_hash(action_type: Any) -> str:
    """RIHS01 hash of an action class. On the wire are only those of its services and topics."""
    return _hasher.struct_hash(*action_structs(action_type._TYPE_NAME))
