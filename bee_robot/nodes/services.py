"""Every service and action of the robot in one table: its type, who serves it, what it does.

docs/ros.md repeats the table, and a test compares it with a robot that is up. What ROS gives to every node (parameters,
and the lifecycle of drivers) is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Service:
    """A row of the table; `name` is relative to the robot's namespace. Services have the QoS that ROS gives to services."""

    name: str
    type: str
    by: str
    does: str


# fmt: off
SERVICES: tuple[Service, ...] = (
    Service("tower/lease", "bee_robot_interfaces/srv/MotionLease", "tower_driver",
            "acquire, renew (10 Hz) and release the motion lease: only its holder moves the tower"),
    Service("tower/arm", "bee_robot_interfaces/srv/ArmTower", "tower_driver",
            "close or open the motor relay; needed after every stop"),
    Service("tower/stop", "bee_robot_interfaces/srv/StopTower", "tower_driver", "stop all motion now; anybody may"),
    Service("tower/hold", "bee_robot_interfaces/srv/HoldTower", "tower_driver",
            "bring the motion to rest where it is, to go on later; anybody may"),
    Service("tower/resume", "bee_robot_interfaces/srv/ResumeTower", "tower_driver",
            "go on with what is held; the holder of the lease may"),
    Service("tower/tell_places", "bee_robot_interfaces/srv/TellPlaces", "tower_driver",
            "where axes stand that the board has forgotten: for recovery, by the holder of the lease"),
    Service("tower/output", "bee_robot_interfaces/srv/SetOutput", "tower_driver",
            "strobe, red light, fan, heater: 0 to 1"),
    Service("capture_face", "bee_robot_interfaces/srv/CaptureFace", "frame_cameras",
            "flash, photograph both halves of a face, store the pictures"),
    Service("visit/control", "bee_robot_interfaces/srv/VisitControl", "frame_extractor",
            "pause, resume, skip a frame, stop, answer: what anybody says to the job that runs"),
    Service("sim/render", "bee_robot_interfaces/srv/RenderPicture", "sim_world", "what a camera of the twin sees"),
    Service("sim/hands", "bee_robot_interfaces/srv/SimHands", "sim_world",
            "what a person does at the simulated machine: door, e-stop, a frame off the hooks or onto them"),
)

ACTIONS: tuple[Service, ...] = (
    Service("tower/move", "bee_robot_interfaces/action/MoveTower", "tower_driver",
            "execute a motion programme; needs the motion lease"),
    Service("tower/home", "bee_robot_interfaces/action/HomeTower", "tower_driver",
            "reference axes on their end stops; needs the motion lease"),
    Service("inspect_box", "bee_robot_interfaces/action/InspectBox", "frame_extractor",
            "a visit: open a box, photograph every frame, close it. Cancelling closes the hive first"),
    Service("inspect_hive", "bee_robot_interfaces/action/InspectHive", "frame_extractor",
            "visits to several boxes or all, one after the other. Cancelling closes the open one first"),
    Service("move_frame", "bee_robot_interfaces/action/MoveFrame", "frame_extractor",
            "a frame to another place of its box, or of another box of the hive"),
    Service("take_out_frame", "bee_robot_interfaces/action/TakeOutFrame", "frame_extractor",
            "a frame out of its box, to a person at the service door"),
    Service("insert_frame", "bee_robot_interfaces/action/InsertFrame", "frame_extractor",
            "a frame from a person at the service door into its place"),
    Service("close_gap", "bee_robot_interfaces/action/CloseGap", "frame_extractor",
            "all frames of a box to one wall, so that the gap is at the other"),
    Service("jog_tower", "bee_robot_interfaces/action/JogTower", "frame_extractor",
            "one small step of an axis or a pair, for a person beside the machine, under all rules"),
    Service("recover", "bee_robot_interfaces/action/Recover", "frame_extractor",
            "close what a former visit left open, or say what a person has to do"),
)
# fmt: on
