"""The Python package as pip and colcon see it. Versions are pinned in pins.txt, nowhere else."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from setuptools import Distribution, find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
NAME = "bee_robot"
NODES = (
    "sim_world", "tower_driver", "frame_cameras", "frame_extractor", "frame_analyzer", "visit_scheduler", "recorder"
)  # fmt: skip
INTERFACES = "bee_robot_interfaces"
TWIN = "libbee_host.so"


def version() -> str:
    found = re.search(r'^__version__ = "([^"]+)"', (HERE / NAME / "__init__.py").read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit(f'{NAME}/__init__.py: no line __version__ = "..."; put it back')
    return found.group(1)


def shared(folder: str, *patterns: str, under: str = NAME) -> list[tuple[str, list[str]]]:
    """data_files of a folder: everything that matches goes to share/<under>/<folder>, relative paths kept."""
    found: dict[str, list[str]] = {}
    for pattern in patterns:
        for path in sorted((HERE / folder).rglob(pattern)):
            if path.is_file():
                inside = path.relative_to(HERE).parent
                target = Path("share") / under / inside.relative_to(under if under == INTERFACES else ".")
                found.setdefault(target.as_posix(), []).append(path.relative_to(HERE).as_posix())
    return sorted(found.items())


def inside_package(*suffixes: str) -> list[str]:
    """Files beside the code, relative to the package ("**" patterns need a setuptools later than Humble's)."""
    files = (path for path in sorted((HERE / NAME).rglob("*")) if path.suffix in suffixes)
    return [path.relative_to(HERE / NAME).as_posix() for path in files]


class BuildWithTwin(build_py):
    """Puts the firmware for this machine into the package, so that what is installed can simulate.

    In a source tree (editable, symlinked) the twin is the one that `make firmware` builds.
    """

    def run(self) -> None:
        super().run()
        if getattr(self, "editable_mode", False):
            return
        if not (shutil.which("make") and (shutil.which("cc") or shutil.which("gcc"))):
            self.warn("no C compiler or no make: this build of bee_robot cannot simulate")
            return
        subprocess.run(["make", "--quiet", "-C", str(HERE / "firmware"), "host"], check=True)
        self.copy_file(
            str(HERE / "build" / "firmware" / "host" / TWIN), f"{self.build_lib}/{NAME}/sim/{TWIN}"
        )


class PlatformDistribution(Distribution):
    """The twin is machine code: a wheel with it is for one platform."""

    def has_ext_modules(self) -> bool:
        return True


setup(
    name=NAME,
    version=version(),
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    package_data={
        NAME: inside_package(".sql", ".html", ".css", ".js", ".onnx", ".json", ".yaml", ".interfaces")
    },
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        *shared("launch", "*.launch.yaml"),
        *shared("config", "*.yaml"),
        *shared("urdf", "*.xacro", "*.yaml", "*.stl"),
        # Without ROS 2, embedded_ros reads the definitions from here; with it, bee_robot_interfaces is built by colcon.
        *shared(INTERFACES, "*.msg", "*.srv", "*.action", under=INTERFACES),
    ],
    cmdclass={"build_py": BuildWithTwin},
    distclass=PlatformDistribution,
    zip_safe=False,
    python_requires=">=3.10",
    install_requires=[
        "cryptography",
        "eclipse-zenoh",
        "jinja2",
        "markupsafe",
        "mcap",
        "numpy",
        "opencv-python-headless>=4.7",  # tags: cv2.aruco.ArucoDetector
        "pydantic>=2",
        "pyserial",
        "pyyaml",
        "rich",
        "rosbags",
        "scipy",
        "xacro",
        "zstandard",
    ],
    # The two runtimes of models exclude each other: install one.
    extras_require={
        "onnxruntime": ["onnxruntime"],
        "onnxruntime-gpu": ["onnxruntime-gpu"],
        "test": [
            "clang-format",
            "colcon-cmake",
            "colcon-core",
            "colcon-package-information",
            "colcon-python-setup-py",
            "colcon-ros",
            "hypothesis",
            "mcap-ros2-support",
            "mypy",
            "pytest",
            "pytest-timeout",
            "ruff",
            "transforms3d",
            "types-pyserial",
            "types-pyyaml",
            "zenoh-ros2-sdk",
        ],
    },
    maintainer="bee_robot maintainers",
    maintainer_email="maintainers@bee-robot.invalid",
    description="Control stack of robots that inspect honey-bee colonies",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "bee = bee_robot.cli.main:main",
            *(f"{node} = bee_robot.nodes.{node}:main" for node in NODES),
        ],
    },
)
