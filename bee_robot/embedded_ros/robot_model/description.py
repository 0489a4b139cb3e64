"""A URDF as plain data, checked as strictly as urdfdom checks it, and said more exactly where something is wrong.

Metres, radians, REP 103. Only what a picture and the transforms need is kept: links with what is seen of them, joints.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

Vector = tuple[float, float, float]

JOINT_TYPES = ("fixed", "revolute", "continuous", "prismatic", "planar", "floating")
LIMITED = ("revolute", "prismatic")
WITHOUT_AXIS = ("fixed", "floating")


class DescriptionError(Exception):
    """A text is not a robot description; says which element and why."""


@dataclass(frozen=True)
class Pose:
    """Place in metres; turn about the fixed axes x, then y, then z in radians."""

    xyz: Vector = (0.0, 0.0, 0.0)
    rpy: Vector = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Limit:
    """Metres or radians, per second for `velocity`; newtons or newton metres."""

    lower: float
    upper: float
    velocity: float
    effort: float


@dataclass(frozen=True)
class Mimic:
    """Moves as `multiplier` times another joint plus `offset`."""

    joint: str
    multiplier: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class Joint:
    """`axis`: in the axes of the joint, as long as the file says; means nothing for fixed and floating joints."""

    name: str
    type: str
    parent: str
    child: str
    origin: Pose = Pose()
    axis: Vector = (1.0, 0.0, 0.0)
    limit: Limit | None = None
    mimic: Mimic | None = None


@dataclass(frozen=True)
class Geometry:
    """`size`: box x, y, z; cylinder radius, length; sphere radius; mesh scale x, y, z. `file`: of a mesh, as written."""

    kind: str
    size: tuple[float, ...]
    file: str = ""


@dataclass(frozen=True)
class Visual:
    """What is seen of a link. `rgba`: 0 to 1; None where no material gives a colour."""

    origin: Pose
    geometry: Geometry
    rgba: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Link:
    name: str
    visuals: tuple[Visual, ...] = ()


@dataclass(frozen=True)
class RobotDescription:
    """Links and joints by name, in the order of the file; they make one tree from `root`."""

    name: str
    root: str
    links: dict[str, Link]
    joints: dict[str, Joint]
    children: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the joints that start at a link."""

    def joints_from_root(self) -> Iterator[Joint]:
        """Every joint after the one above it."""
        waiting = [self.root]
        while waiting:
            for name in self.children.get(waiting.pop(0), ()):
                waiting.append(self.joints[name].child)
                yield self.joints[name]


def parse(text: str) -> RobotDescription:
    """Read a URDF. Raises DescriptionError."""
    try:
        robot = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise DescriptionError(f"not XML: {error}") from None
    if robot.tag != "robot":
        raise DescriptionError(f"could not find the 'robot' element; the root is '{robot.tag}'")
    name = robot.get("name")
    if name is None:
        raise DescriptionError("no name given for the robot")
    if robot.get("version", "1.0") not in ("1.0", "1"):
        raise DescriptionError(f"version '{robot.get('version')}' of URDF is not supported; 1.0 is")
    colours: dict[str, tuple[float, ...]] = {}
    for element in robot.findall("material"):
        _add_material(colours, element)
    links = _unique(robot.findall("link"), "link", lambda element: _link(element, colours))
    if not links:
        raise DescriptionError("no link elements found")
    joints = _unique(robot.findall("joint"), "joint", _joint)
    children = _children(links, joints)
    return RobotDescription(name, _root(links, joints), links, joints, children)


# parts of the text


def _unique(elements: list[Element], what: str, read: Callable[[Element], object]) -> dict:  # type: ignore[type-arg]
    found: dict[str, object] = {}
    for element in elements:
        name = element.get("name")
        if name is None:
            raise DescriptionError(f"unnamed {what} found")
        if name in found:
            raise DescriptionError(f"{what} '{name}' is not unique")
        found[name] = read(element)
    return found


def _number(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in text:
        raise DescriptionError(f"{where}: '{text}' is not a valid number")
    return value


def _numbers(element: Element, attribute: str, count: int, where: str) -> tuple[float, ...] | None:
    """None where the attribute is missing."""
    text = element.get(attribute)
    if text is None:
        return None
    words = text.split()
    where = f"{where}, {element.tag} {attribute}"
    if len(words) != count:
        raise DescriptionError(f"{where}: '{text}' has {len(words)} numbers; {count} are needed")
    return tuple(_number(word, where) for word in words)


def _attribute(element: Element, attribute: str, where: str, default: float | None = None) -> float:
    text = element.get(attribute)
    if text is not None:
        return _number(text, f"{where}, {element.tag} {attribute}")
    if default is None:
        raise DescriptionError(f"{where}: {element.tag} has no {attribute}")
    return default


def _origin(element: Element, where: str) -> Pose:
    origin = element.find("origin")
    if origin is None:
        return Pose()
    xyz, rpy = _numbers(origin, "xyz", 3, where), _numbers(origin, "rpy", 3, where)
    return Pose(xyz or Pose.xyz, rpy or Pose.rpy)  # type: ignore[arg-type]


def _joint(element: Element) -> Joint:
    name, kind = str(element.get("name")), element.get("type")
    where = f"joint '{name}'"
    if kind not in JOINT_TYPES:
        raise DescriptionError(f"{where} has no known type [{kind}]; known: {', '.join(JOINT_TYPES)}")
    parent, child = (element.find(tag) for tag in ("parent", "child"))
    ends = [end.get("link") if end is not None else None for end in (parent, child)]
    if None in ends:
        raise DescriptionError(f"{where} is missing a parent and/or child link specification")
    return Joint(
        name,
        kind,
        str(ends[0]),
        str(ends[1]),
        _origin(element, where),
        _axis(element, where) if kind not in WITHOUT_AXIS else Joint.axis,
        _limit(element, kind, where),
        _mimic(element, where),
    )


def _axis(element: Element, where: str) -> Vector:
    axis = element.find("axis")
    given = _numbers(axis, "xyz", 3, where) if axis is not None else Joint.axis
    if given is None or not any(given):
        raise DescriptionError(f"{where}: its axis has no direction")
    return given  # type: ignore[return-value]


def _limit(element: Element, kind: str, where: str) -> Limit | None:
    limit = element.find("limit")
    if limit is None:
        if kind in LIMITED:
            raise DescriptionError(f"{where} is of type {kind} but it does not specify limits")
        return None
    lower, upper = (_attribute(limit, name, where, 0.0) for name in ("lower", "upper"))
    velocity, effort = (_attribute(limit, name, where) for name in ("velocity", "effort"))
    return Limit(lower, upper, velocity, effort)


def _mimic(element: Element, where: str) -> Mimic | None:
    mimic = element.find("mimic")
    if mimic is None:
        return None
    joint = mimic.get("joint")
    if joint is None:
        raise DescriptionError(f"{where}: no mimic joint specified")
    return Mimic(joint, _attribute(mimic, "multiplier", where, 1.0), _attribute(mimic, "offset", where, 0.0))


def _add_material(colours: dict[str, tuple[float, ...]], element: Element) -> None:
    name = element.get("name")
    if name is None:
        raise DescriptionError("material must contain a name attribute")
    if name in colours:
        raise DescriptionError(f"material '{name}' is not unique")
    colours[name] = _colour(element, f"material '{name}'") or (0.7, 0.7, 0.7, 1.0)


def _colour(element: Element, where: str) -> tuple[float, ...] | None:
    colour = element.find("color")
    if colour is not None:
        return _numbers(colour, "rgba", 4, where)
    return None


def _link(element: Element, colours: dict[str, tuple[float, ...]]) -> Link:
    name = str(element.get("name"))
    where = f"link '{name}'"
    return Link(name, tuple(_visual(visual, where, colours) for visual in element.findall("visual")))


def _visual(element: Element, where: str, colours: dict[str, tuple[float, ...]]) -> Visual:
    material = element.find("material")
    rgba = None
    if material is not None:
        name = material.get("name", "")
        rgba = _colour(material, where) or colours.get(name)
        colours.setdefault(name, rgba or (0.7, 0.7, 0.7, 1.0))
    return Visual(_origin(element, where), _geometry(element, where), rgba)  # type: ignore[arg-type]


def _geometry(element: Element, where: str) -> Geometry:
    geometry = element.find("geometry")
    shape = next(iter(geometry), None) if geometry is not None else None
    if shape is None:
        raise DescriptionError(f"{where}: a visual without geometry")
    if shape.tag == "box":
        return Geometry("box", _required(_numbers(shape, "size", 3, where), "box", "size", where))
    if shape.tag == "cylinder":
        size = (_attribute(shape, "radius", where), _attribute(shape, "length", where))
        return Geometry("cylinder", size)
    if shape.tag == "sphere":
        return Geometry("sphere", (_attribute(shape, "radius", where),))
    if shape.tag == "mesh":
        scale = _numbers(shape, "scale", 3, where) or (1.0, 1.0, 1.0)
        return Geometry("mesh", scale, _required(shape.get("filename"), "mesh", "filename", where))
    raise DescriptionError(f"{where}: unknown geometry type '{shape.tag}'")


def _required(value, shape: str, attribute: str, where: str):  # type: ignore[no-untyped-def]
    if value is None:
        raise DescriptionError(f"{where}: {shape} has no {attribute}")
    return value


# the tree


def _children(links: dict[str, Link], joints: dict[str, Joint]) -> dict[str, tuple[str, ...]]:
    starting: dict[str, list[str]] = {}
    reached: dict[str, str] = {}
    for joint in joints.values():
        for what, link in (("parent", joint.parent), ("child", joint.child)):
            if link not in links:
                raise DescriptionError(f"{what} link '{link}' of joint '{joint.name}' not found")
        if joint.child in reached:
            raise DescriptionError(
                f"link '{joint.child}' is the child of two joints, '{reached[joint.child]}' and '{joint.name}'"
            )
        reached[joint.child] = joint.name
        starting.setdefault(joint.parent, []).append(joint.name)
    return {link: tuple(names) for link, names in starting.items()}


def _root(links: dict[str, Link], joints: dict[str, Joint]) -> str:
    reached = {joint.child for joint in joints.values()}
    roots = [name for name in links if name not in reached]
    if not roots:
        raise DescriptionError("no root link found; the joints go round in a circle")
    if len(roots) > 1:
        raise DescriptionError(f"two root links found: [{roots[0]}] and [{roots[1]}]")
    below = {name: [joint.child for joint in joints.values() if joint.parent == name] for name in links}
    seen, waiting = set(), [roots[0]]
    while waiting:
        seen.add(waiting[0])
        waiting += below[waiting.pop(0)]
    if len(seen) < len(links):
        lost = next(name for name in links if name not in seen)
        raise DescriptionError(
            f"link '{lost}' cannot be reached from the root link '{roots[0]}'; the joints go round in a circle"
        )
    return roots[0]
