"""Wide text (`wstring`) in CDR: a count and UTF-16 code units, each in four bytes.

That is what rosidl_typesupport_fastrtps writes, which rmw_zenoh_cpp uses, in Humble and later. For
rosbags, which knows no wide text, it is a message with one field, a sequence of uint32.
"""

from __future__ import annotations

from typing import Any

NAME = "wstring"
_HIGHEST_UNIT = 0xFFFF


class WideText:
    """A text as rosbags' serialiser wants it: `units` is a numpy array of uint32."""

    __slots__ = ("units",)

    def __init__(self, text: str) -> None:
        import numpy

        self.units = numpy.frombuffer(text.encode("utf-16-le"), "<u2").astype("uint32")


def wire_fields() -> list[Any]:
    from rosbags.interfaces import Nodetype

    return [("units", (Nodetype.SEQUENCE, ((Nodetype.BASE, ("uint32", 0)), 0)))]


def decode(units: Any) -> str:
    """The text of decoded code units; ValueError for one above 0xFFFF or half a surrogate pair."""
    if len(units) and int(units.max()) > _HIGHEST_UNIT:
        raise ValueError(f"a code unit of wide text is {int(units.max())}, above {_HIGHEST_UNIT}")
    try:
        return str(units.astype("<u2").tobytes().decode("utf-16-le"))
    except UnicodeDecodeError as error:
        raise ValueError(f"wide text is not UTF-16: {error.reason}") from error
