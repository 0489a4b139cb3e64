"""Hidden names."""

from __future__ import annotations


def topic_or_service_is_hidden(name: str) -> bool:
    """True if a part of the name starts with an underscore."""
    return any(token.startswith("_") for token in name.split("/") if token)
