"""What a recorder says of its recording and its disk, for diagnostics."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from bee_robot.clock import wall_s
from bee_robot.nodes.bag_recording import MIB
from bee_robot.nodes.diagnostics import Status

if TYPE_CHECKING:
    from bee_robot.nodes.recorder import Recorder

RECENT_WALL_S = 30.0  # so long a loss is trouble; afterwards it is a figure
NEARLY_FULL = 2.0  # times what has to stay free


class RecorderHealth:
    """Looks at a recorder, in the executor's thread."""

    def __init__(self, recorder: Recorder, min_free_bytes: int) -> None:
        self._recorder, self._min_free_bytes = recorder, min_free_bytes
        self._missing = 0
        self._missed_at_s = float("-inf")

    def look_at_recording(self, status: Status) -> None:
        recorder, recording = self._recorder, self._recorder.recording
        lost, dropped = recorder.lost.total(), recording.dropped.total()
        if lost + dropped > self._missing:
            self._missing, self._missed_at_s = lost + dropped, wall_s()
        status.values |= {
            "bag": str(recording.folder),
            "messages": recording.counts.total(),
            "topics": recorder.topic_count,
            "refused": ", ".join(recorder.refused) or None,
            "lost": lost,
            "dropped": dropped,
            "before_time_began": recorder.untimed.total(),
            "size_mib": recording.size_bytes / MIB,
        }
        if recording.problem:
            status.error(recording.problem)
            remedy = "Make space, or record elsewhere; then start the recorder again"
        elif recorder.waits_for_time:
            status.warn("nothing is recorded: simulated time has not begun")
            remedy = "Start what publishes /clock, or record without use_sim_time"
        elif wall_s() - self._missed_at_s < RECENT_WALL_S:
            status.warn(f"messages are missing: {lost} lost on the way, {dropped} dropped")
            remedy = "Leave topics out (exclude), or give the recorder a faster disk or network"
        elif recorder.refused:
            status.warn(f"not recorded: {', '.join(recorder.refused)}")
            remedy = "See the recorder's log for the reason of each"
        else:
            status.ok(f"{recorder.topic_count} topics")
            return
        status.values["remedy"] = remedy

    def look_at_disk(self, status: Status) -> None:
        free = shutil.disk_usage(self._recorder.recording.folder).free
        status.values |= {"free_mib": free / MIB, "has_to_stay_free_mib": self._min_free_bytes / MIB}
        if free > NEARLY_FULL * self._min_free_bytes:
            status.ok(f"{free / MIB:.0f} MiB free")
            return
        if free > self._min_free_bytes:
            status.warn(
                f"{free / MIB:.0f} MiB free; at {self._min_free_bytes / MIB:.0f} MiB the recording ends"
            )
        else:
            status.error(f"{free / MIB:.0f} MiB free, {self._min_free_bytes / MIB:.0f} MiB have to stay free")
        status.values["remedy"] = "Free space on its disk, or give max_folder_gib"
