"""Reading URDF: strict, and exact about what is wrong. Transforms of single joints against transforms3d."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transforms3d import axangles, euler, quaternions

from bee_robot.embedded_ros.robot_model.description import DescriptionError, Joint, Pose, parse
from bee_robot.embedded_ros.robot_model.surfaces import link_transforms
from bee_robot.embedded_ros.robot_model.transforms import JointTransform

LINKS = '<link name="a"/><link name="b"/>'
LIMIT = '<limit lower="0" upper="1" velocity="1" effort="1"/>'
ENDS = '<parent link="a"/><child link="b"/>'


def robot(inside: str, attributes: str = 'name="r"') -> str:
    return f"<robot {attributes}>{inside}</robot>"


def one_joint(kind: str, inside: str) -> str:
    return robot(f'{LINKS}<joint name="j" type="{kind}">{ENDS}{inside}</joint>')


def one_visual(inside: str) -> str:
    return robot(f'<link name="a"><visual>{inside}</visual></link>')


@pytest.mark.parametrize(
    ("urdf", "reason"),
    [
        ("", "not XML"),
        ("<robot", "not XML"),
        ("<sdf/>", "could not find the 'robot' element; the root is 'sdf'"),
        (robot(LINKS, ""), "no name given for the robot"),
        (robot(LINKS, 'name="r" version="2.0"'), "version '2.0' of URDF is not supported"),
        (robot(""), "no link elements found"),
        (robot("<link/>"), "unnamed link found"),
        (robot('<link name="a"/><link name="a"/>'), "link 'a' is not unique"),
        (robot(LINKS), r"two root links found: \[a\] and \[b\]"),
        (one_joint("ball", ""), r"joint 'j' has no known type \[ball\]"),
        (robot(f'{LINKS}<joint name="j" type="fixed"><parent link="a"/></joint>'), "missing a parent and/or child"),
        (robot('<link name="a"/><joint name="j" type="fixed"><parent link="a"/><child link="c"/></joint>'), "child link 'c' of joint 'j' not found"),
        (robot('<link name="a"/><joint name="j" type="fixed"><parent link="a"/><child link="a"/></joint>'), "no root link found"),
        (robot(f'{LINKS}<joint name="j" type="fixed">{ENDS}</joint><joint name="k" type="fixed">{ENDS}</joint>'), "link 'b' is the child of two joints, 'j' and 'k'"),
        (robot(f'{LINKS}<link name="c"/><joint name="j" type="fixed"><parent link="b"/><child link="c"/></joint><joint name="k" type="fixed"><parent link="c"/><child link="b"/></joint>'), "cannot be reached from the root link 'a'"),
        (one_joint("revolute", ""), "joint 'j' is of type revolute but it does not specify limits"),
        (one_joint("prismatic", '<limit upper="1" velocity="1"/>'), "joint 'j': limit has no effort"),
        (one_joint("prismatic", '<limit upper="1" velocity="fast" effort="1"/>'), "limit velocity: 'fast' is not a valid number"),
        (one_joint("prismatic", '<limit upper="nan" velocity="1" effort="1"/>'), "'nan' is not a valid number"),
        (one_joint("revolute", LIMIT + '<axis xyz="0 0 0"/>'), "joint 'j': its axis has no direction"),
        (one_joint("revolute", LIMIT + '<axis xyz="0 1"/>'), "axis xyz: '0 1' has 2 numbers; 3 are needed"),
        (one_joint("fixed", '<origin xyz="0 0 1_0"/>'), "origin xyz: '1_0' is not a valid number"),
        (one_joint("revolute", LIMIT + "<mimic/>"), "joint 'j': no mimic joint specified"),
        (robot('<material name="red"/><material name="red"/><link name="a"/>'), "material 'red' is not unique"),
        (one_visual(""), "link 'a': a visual without geometry"),
        (one_visual("<geometry><torus/></geometry>"), "unknown geometry type 'torus'"),
        (one_visual("<geometry><box/></geometry>"), "link 'a': box has no size"),
        (one_visual('<geometry><cylinder radius="1"/></geometry>'), "cylinder has no length"),
        (one_visual("<geometry><mesh/></geometry>"), "mesh has no filename"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(urdf: str, reason: str) -> None:
    with pytest.raises(DescriptionError, match=reason):
        parse(urdf)


def test_what_a_file_may_leave_out() -> None:
    (joint,) = parse(one_joint("prismatic", '<limit velocity="1" effort="2"/>')).joints.values()
    assert (joint.origin, joint.axis) == (Pose(), (1.0, 0.0, 0.0))
    assert joint.limit is not None
    assert (joint.limit.lower, joint.limit.upper, joint.limit.effort) == (0.0, 0.0, 2.0)


finite = st.floats(-3, 3, allow_subnormal=False)
vectors = st.tuples(finite, finite, finite)
directions = vectors.filter(lambda axis: math.hypot(*axis) > 1e-3)
joints = st.builds(
    Joint,
    st.just("j"),
    st.sampled_from(["fixed", "revolute", "continuous", "prismatic"]),
    st.just("a"),
    st.just("b"),
    st.builds(Pose, vectors, vectors),
    directions,
)


def composed(joint: Joint, position: float) -> np.ndarray:
    """(4, 4) by transforms3d."""
    made = np.eye(4)
    made[:3, :3] = euler.euler2mat(*joint.origin.rpy, "sxyz")
    made[:3, 3] = joint.origin.xyz
    moved = np.eye(4)
    axis = np.array(joint.axis) / np.linalg.norm(joint.axis)
    if joint.type in ("revolute", "continuous"):
        moved[:3, :3] = axangles.axangle2mat(axis, position, is_normalized=True)
    elif joint.type == "prismatic":
        moved[:3, 3] = axis * position
    return made @ moved


@settings(max_examples=200, deadline=None)
@given(joint=joints, position=finite)
def test_any_joint_is_where_transforms3d_says(joint: Joint, position: float) -> None:
    transform, expected = JointTransform(joint).at(position), composed(joint, position)
    assert np.abs(np.array(transform.rotation) - expected[:3, :3]).max() < 1e-12
    assert np.abs(np.array(transform.translation) - expected[:3, 3]).max() < 1e-12
    x, y, z, w = transform.quaternion
    assert np.abs(quaternions.quat2mat((w, x, y, z)) - expected[:3, :3]).max() < 1e-12
    assert math.hypot(x, y, z, w) == pytest.approx(1.0, abs=1e-12)


def test_a_chain_with_a_mimic() -> None:
    follower = '<mimic joint="j" multiplier="0.5" offset="0.25"/>'
    chain = robot(
        f'{LINKS}<link name="c"/><joint name="j" type="prismatic">{ENDS}{LIMIT}</joint>'
        f'<joint name="k" type="prismatic"><parent link="b"/><child link="c"/>{LIMIT}{follower}</joint>'
    )
    assert link_transforms(parse(chain), {"j": 1.0})["c"].translation == (1.75, 0.0, 0.0)
    assert link_transforms(parse(chain), {"j": 1.0, "k": 0.0})["c"].translation == (1.0, 0.0, 0.0)
