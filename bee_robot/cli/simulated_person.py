"""The person at the service door of a simulated robot: does what the job that runs asks for."""

from __future__ import annotations

from bee_robot.clock import wall_s, wall_sleep
from bee_robot.devices.tower import Input
from bee_robot.nodes.graph_client import GraphClient, GraphError

SEEN_S = 10.0
"""Wall time within which the board has to see the door."""


def do_what_is_asked(client: GraphClient) -> list[str]:
    """Open the service door, take the frame off the hooks, or hang one onto them, and close the door; what was done. Raises
    GraphError where that cannot be done, or nothing is simulated."""
    done = [client.do("open_door")]
    try:
        _until_seen(client, is_closed=False)
        done.append(client.do("swap_frame"))
    finally:
        done.append(client.do("close_door"))
    _until_seen(client, is_closed=True)
    return done


def _until_seen(client: GraphClient, is_closed: bool) -> None:
    """The board has seen the door: an answer that came before would be a wrong one."""
    until_s = wall_s() + SEEN_S
    while True:
        state = client.tower_state()
        if state is not None and state.inputs.get(Input.DOOR_CLOSED) is is_closed:
            return
        if wall_s() > until_s:
            raise GraphError("the board does not see the door of the simulated machine; look at sim_world")
        wall_sleep(0.02)
