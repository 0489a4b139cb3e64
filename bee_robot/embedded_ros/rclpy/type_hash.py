"""Hash of an interface type."""

from __future__ import annotations

import re
from typing import Any

_TEXT = re.compile(r"RIHS(\d\d)_([0-9a-f]{64})", re.ASCII)


class TypeHash:
    """Version and 32 bytes; version 0 and zeros where it is not known."""

    _SIZE = 32
    __slots__ = ("_version", "_value")

    def __init__(self, version: int = -1, value: Any = bytes(_SIZE)) -> None:
        if len(value) != self._SIZE:
            raise ValueError(f"a type hash has {self._SIZE} bytes, not {len(value)}")
        self._version = version
        self._value = bytes(value)

    @property
    def version(self) -> int:
        return self._version

    @property
    def value(self) -> bytes:
        return self._value

    @classmethod
    def from_text(cls, text: str) -> TypeHash:
        """From `RIHS01_` and hex digits; an unknown hash from anything else."""
        match = _TEXT.fullmatch(text)
        return cls(int(match[1]), bytes.fromhex(match[2])) if match else cls()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TypeHash):
            return False
        return (self._version, self._value) == (other._version, other._value)

    def __hash__(self) -> int:
        return hash((self._version, self._value))

    def __str__(self) -> str:
        if self._version <= 0 or len(self._value) != self._SIZE:
            return "INVALID"
        return f"RIHS{self._version:02}_{self._value.hex()}"

    def __repr__(self) -> str:
        return f"TypeHash(version={self._version}, value={self._value!r})"
