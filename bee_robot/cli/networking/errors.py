"""What can be wrong with a network's files. Apart from cli/inputs.py, which brings cameras and their libraries."""

from __future__ import annotations


class NetworkError(Exception):
    """Bad input: what, where, what to do, in one line. Nothing has changed."""
