"""The robot file: one YAML file per robot -> frozen, range-checked objects. Unknown keys are errors.

Everything measured on one machine (zero offsets, spans) is calibration and lives in a file of its own beside it.
Units are in the names. Errors name file, option, value and limit.
"""

from __future__ import annotations

import zlib
from datetime import date, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import Field, ValidationError, model_validator

from bee_robot.hive.fit import misfits
from bee_robot.hive.frame_view import CAMERA_DISTANCE_MM, VIEW_WIDTH_MM, CameraPlace
from bee_robot.hive.geometry import HiveGeometry
from bee_robot.hive.stack import HiveConfiguration, Positive, Section

AXIS_NAMES = ("lift_left", "lift_right", "scan_left", "scan_right", "shuttle_left", "shuttle_right")
SERVO_NAMES = ("fork_left", "fork_right", "hook_left", "hook_right")
CAMERA_NAMES = ("rear_left", "rear_right", "front_left", "front_right")


CAMERA_TO_COMB_MM = (
    25.0  # camera_y_mm less the lens (12.5) and half a comb (12.5): 240 on the reference machine
)

CAMERA_BELOW_ROUNDED_MM = (
    0.5  # 150 mm below the hook plate are 9.5 below the reference comb's middle, said to be 10
)


class ConfigurationError(Exception):
    """The robot file cannot be used. The message is one line: file, option, value, limit, remedy."""


class SerialConfiguration(Section):
    port: str = Field(description="device of the board, such as /dev/ttyACM0")
    baud: Literal[115200, 250000, 500000, 1000000] = 250000


class BoardConfiguration(Section):
    heartbeat_deadline_ms: int = Field(300, ge=100, le=3000)
    telemetry_hz: int = Field(100, ge=10, le=100)
    smoothing_ms: Literal[2, 4, 8, 16, 32] = Field(
        32, description="over which every ramp is rounded; 2 leaves ramps of constant acceleration"
    )


class AxisConfiguration(Section):
    steps_per_mm: float = Field(gt=0, le=5000)
    home_mm: float = Field(description="position where the end stop opens")
    minimum_mm: float
    maximum_mm: float
    park_mm: float
    max_speed_mm_s: float = Field(gt=0, le=200)
    max_acceleration_mm_s2: float = Field(gt=0, le=2000)
    homing_speed_mm_s: float = Field(gt=0, le=20)
    homing_tolerance_mm: float = Field(
        0.1, gt=0, le=5, description="end stop found further away than this: steps were lost"
    )

    @model_validator(mode="after")
    def _ordered(self) -> AxisConfiguration:
        if not self.minimum_mm <= self.home_mm < self.maximum_mm:
            raise ValueError("minimum_mm <= home_mm < maximum_mm must hold")
        if not self.minimum_mm <= self.park_mm <= self.maximum_mm:
            raise ValueError("park_mm must lie between minimum_mm and maximum_mm")
        return self


class ServoConfiguration(Section):
    speed_deg_s: float = Field(gt=0, le=720)


class LoadCellConfiguration(Section):
    counts_per_kg: float = Field(gt=0)
    offset_counts: int = 0


class LimitsConfiguration(Section):
    lift_load_kg: float = Field(45, gt=0, le=45)
    peel_load_kg: float = Field(60, gt=0, le=60)


class MechanismConfiguration(Section):
    """Where things sit relative to the beams; lengths of machine.md, "Mechanism"."""

    beam_separation_mm: float = Field(119, gt=0)
    pin_sensor_behind_hook_mm: float = Field(22, ge=0)
    pin_sensor_range_mm: float = Field(3, gt=0)
    pin_x_mm: float = Field(200, gt=0)
    pin_neck_above_frame_top_mm: float = Field(1, ge=0, le=5)
    hook_swing_mm: float = Field(25, gt=0, description="hook plate above engaged height where it may swing")
    hook_travel_mm: float = Field(
        8, gt=0, description="hook plate above engaged height when travelling over pins"
    )
    hook_beside_pin_mm: float = Field(
        26, gt=0, description="along Y, opposite to the push, where the hook comes down"
    )
    hook_seated_mm: float = Field(
        8, gt=0, description="distance from the plate's centre bar to the seated pin"
    )
    fork_below_cleat_mm: float = Field(8, ge=3, le=15)
    camera_x_mm: float = 90
    camera_y_mm: float = 265
    camera_below_hook_mm: float = 150


class SkeletonConfiguration(Section):
    """Posts and crown (machine.md, "Mechanism"). The model of the robot shows them, and what fits between is checked."""

    post_x_mm: float = Field(372, gt=0, description="middle of the posts, right and left of the middle")
    post_y_mm: float = Field(302, gt=0, description="middle of the posts, before and behind the middle")
    crown_above_rim_mm: float = Field(785, gt=0, description="top of the crown above the rim of the top box")


class CameraConfiguration(Section):
    device: str = Field("", description="video device such as /dev/video0; not needed on the twin")
    width_px: int = Field(ge=64, le=8000)
    height_px: int = Field(ge=64, le=8000)
    view_width_mm: Positive | None = Field(
        None,
        description="width that the picture covers at the comb; default: what the lens sees at its distance",
    )


class PlaceConfiguration(Section):
    """Where the hive stands: for its weather, its sun and its time of day."""

    latitude_deg: float = Field(ge=-90, le=90, description="WGS 84, north positive")
    longitude_deg: float = Field(ge=-180, le=180, description="WGS 84, east positive")
    zone: str = Field(
        "",
        description="time zone such as Europe/Tallinn, with its daylight saving; empty: conditions.utc_offset_hours",
    )

    @model_validator(mode="after")
    def _zone_is_known(self) -> PlaceConfiguration:
        try:
            if self.zone:
                ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                f"zone '{self.zone}' is no time zone that this machine knows; write it like Europe/Tallinn, "
                "or install the package tzdata"
            ) from None
        return self


class WeatherServiceConfiguration(Section):
    """A service that says how the weather is and will be at the place; asked over the network."""

    kind: Literal["open_meteo"] = "open_meteo"
    url: str = Field("https://api.open-meteo.com/v1/forecast", pattern=r"^https?://[^\s?#]+$")
    poll_s: float = Field(300, ge=60, le=3600)
    timeout_s: float = Field(10, ge=1, le=60, description="for the whole answer")
    max_age_s: float = Field(
        1800, ge=60, le=7200, description="of what it observed; its newest values are up to 15 minutes old"
    )


class ClosedDays(Section):
    """Days on which nobody opens the hive: both ends included."""

    first: date
    last: date
    because: str = ""

    @model_validator(mode="before")
    @classmethod
    def _one_day(cls, given: Any) -> Any:
        return {"first": given, "last": given} if isinstance(given, (date, str)) else given

    @model_validator(mode="after")
    def _ordered(self) -> ClosedDays:
        if self.last < self.first:
            raise ValueError(f"last {self.last} is before first {self.first}")
        return self


class PreparationConfiguration(Section):
    """Warming the cabinet before a visit, when cold is all that stands against it."""

    warms_cabinet: bool = True
    keeps_warm: bool = Field(True, description="during the visit, too")
    heater: float = Field(1.0, gt=0, le=1, description="share of its power")
    gives_up_after_s: float = Field(3600, ge=60, le=14400)
    rise_c: float = Field(
        0.3, gt=0, le=10, description="by which the cabinet has to get warmer, at the least"
    )
    rise_within_s: float = Field(600, ge=60, le=3600)


class ConditionsConfiguration(Section):
    """The gate before a visit (machine.md, "May we?")."""

    outside_min_c: float = 15
    outside_min_with_warm_cabinet_c: float = 10
    cabinet_warm_c: float = 25
    wind_max_m_s: float = Field(8, gt=0)
    from_hour: float = Field(10, ge=0, le=24)
    to_hour: float = Field(16, ge=0, le=24)
    utc_offset_hours: float = Field(0, ge=-12, le=14)
    days_between_visits: float = Field(7, ge=0)
    battery_min_pct: float = Field(40, ge=0, le=100)
    reading_max_age_s: float = Field(60, gt=0, description="of sensors; a weather service has its own")
    rain_chance_max_pct: float = Field(
        40, ge=0, le=100, description="forecast for the visit and rain_margin_s after it"
    )
    rain_margin_s: float = Field(1800, ge=0, le=14400)
    from_month: int = Field(1, ge=1, le=12, description="first month of the season")
    to_month: int = Field(12, ge=1, le=12, description="last one; before from_month: over the new year")
    closed_days: tuple[ClosedDays, ...] = ()
    clock_settle_s: float = Field(600, ge=0, le=86400, description="after the clock was set")


class VisitConfiguration(Section):
    raise_mm: Positive | None = Field(
        None,
        description="how far the stack is raised above the rim; default: what the frames of the box need",
    )
    frame_lift_mm: Positive | None = Field(
        None, description="how far a frame is lifted; default: its height and some air"
    )
    nudge_mm: float = Field(10, gt=0, le=15)
    settle_s: float = Field(0.3, ge=0)
    open_planned_max_s: float = Field(600, gt=0, le=600)
    open_close_at_s: float = Field(900, gt=0, le=900)
    lease_period_s: float = Field(0.1, gt=0, le=0.25)


class RobotConfiguration(Section):
    robot: str = Field(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")
    kind: Literal["tower"]
    serial: SerialConfiguration
    board: BoardConfiguration = BoardConfiguration()
    axes: dict[str, AxisConfiguration]
    servos: dict[str, ServoConfiguration]
    load_cells: dict[Literal["left", "right"], LoadCellConfiguration]
    limits: LimitsConfiguration = LimitsConfiguration()
    mechanism: MechanismConfiguration = MechanismConfiguration()
    skeleton: SkeletonConfiguration = SkeletonConfiguration()
    cameras: dict[str, CameraConfiguration]
    hive: HiveConfiguration
    place: PlaceConfiguration | None = None
    weather_service: WeatherServiceConfiguration | None = None
    conditions: ConditionsConfiguration = ConditionsConfiguration()
    preparation: PreparationConfiguration = PreparationConfiguration()
    visit: VisitConfiguration = VisitConfiguration()

    @model_validator(mode="after")
    def _names(self) -> RobotConfiguration:
        for what, given, known in (
            ("axes", self.axes, AXIS_NAMES),
            ("servos", self.servos, SERVO_NAMES),
            ("cameras", self.cameras, CAMERA_NAMES),
            ("load_cells", self.load_cells, ("left", "right")),
        ):
            if set(given) != set(known):
                raise ValueError(f"{what}: needs exactly {', '.join(known)}; has {', '.join(given)}")
        return self

    @model_validator(mode="after")
    def _place_and_time(self) -> RobotConfiguration:
        if self.weather_service is not None and self.place is None:
            raise ValueError("weather_service needs place.latitude_deg and place.longitude_deg")
        has_zone = self.place is not None and self.place.zone
        if has_zone and "utc_offset_hours" in self.conditions.model_fields_set:
            raise ValueError("place.zone and conditions.utc_offset_hours both say the local time; give one")
        return self

    def zone(self) -> tzinfo:
        """Local time of the hive: the zone of its place, else the fixed offset of `conditions`."""
        if self.place is not None and self.place.zone:
            return ZoneInfo(self.place.zone)
        return timezone(timedelta(hours=self.conditions.utc_offset_hours))

    def utc_offset_hours(self, at: datetime) -> float:
        """How far local time is ahead of UTC at an instant (aware)."""
        offset = at.astimezone(self.zone()).utcoffset()
        return offset.total_seconds() / 3600 if offset is not None else 0.0

    @property
    def geometry(self) -> HiveGeometry:
        return HiveGeometry(self.hive, self.mechanism)

    def raise_mm(self, box: int) -> float:
        """How far the stack is raised above the rim of a box."""
        given = self.visit.raise_mm
        return self.geometry.raise_mm(box, self.frame_lift_mm(box)) if given is None else given

    def frame_lift_mm(self, box: int) -> float:
        """How far frames of a box are lifted."""
        given = self.visit.frame_lift_mm
        return self.geometry.frame_lift_mm(box) if given is None else given

    def view_width_mm(self, camera: str) -> float:
        """Width that the picture of a frame camera covers at the comb."""
        given = self.cameras[camera].view_width_mm
        return VIEW_WIDTH_MM * self.camera_distance_mm / CAMERA_DISTANCE_MM if given is None else given

    def camera_place(self, box: int) -> CameraPlace:
        """Where the frame cameras are, from the middle of the combs of a box."""
        neck_mm = self.mechanism.pin_neck_above_frame_top_mm
        below_mm = self.mechanism.camera_below_hook_mm - neck_mm - self.hive.box(box).comb_below_frame_top_mm
        return CameraPlace(
            self.mechanism.camera_x_mm, below_mm + CAMERA_BELOW_ROUNDED_MM, self.camera_distance_mm
        )

    @property
    def camera_distance_mm(self) -> float:
        """From the pupil of a frame camera's lens to the comb at the photo spot."""
        return self.mechanism.camera_y_mm - CAMERA_TO_COMB_MM

    @model_validator(mode="after")
    def _hive_fits(self) -> RobotConfiguration:
        for misfit in misfits(self):
            raise ValueError(misfit)
        return self

    def checksum(self) -> int:
        """CRC-32 over the canonical form; the board and every node compare it at the handshake."""
        return zlib.crc32(self.model_dump_json().encode())


def _option(location: tuple[int | str, ...]) -> str:
    """`hive.boxes[2].frame_height_mm`: lists count from 1, and a stack is called as the robot file calls it."""
    words = ["boxes" if location[:2] == ("hive", "stack") and part == "stack" else part for part in location]
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in words).removeprefix(
        "."
    )


def _explain(path: Path, error: ValidationError) -> str:
    first = error.errors()[0]
    option = _option(first["loc"])
    if first["type"] == "extra_forbidden":
        return f"{path}: unknown option '{option}'; remove it or correct its spelling"
    if not first["loc"]:
        return f"{path}: {first['msg'].removeprefix('Value error, ')}; correct the robot file"
    value = first.get("input")
    shown = f" is {value!r}" if isinstance(value, (str, int, float, bool)) else ""
    return f"{path}: option '{option}'{shown}: {first['msg'].removeprefix('Value error, ')}; correct it in the robot file"


def parse(data: Any, path: Path) -> RobotConfiguration:
    """Check the content of a robot file. Raises ConfigurationError."""
    if not isinstance(data, dict):
        raise ConfigurationError(
            f"{path}: a robot file is a mapping of options, not {type(data).__name__}; see config/robots/tower.yaml"
        )
    try:
        return RobotConfiguration.model_validate(data)
    except ValidationError as error:
        raise ConfigurationError(_explain(path, error)) from None


def load(path: Path | str) -> RobotConfiguration:
    """Read a robot file. Raises ConfigurationError with one line that says what, where and what to do."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot read the robot file ({error.strerror}); give another with --robot FILE"
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: not a text file; a robot file is UTF-8 YAML") from None
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{path}{line}: not valid YAML; correct the file") from None
    return parse(data, path)
