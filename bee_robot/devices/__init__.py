"""Contracts of things with wires, and their implementations. What hangs on the board is reached through `tower`."""
