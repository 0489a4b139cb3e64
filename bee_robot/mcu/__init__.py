"""The serial link to a board: packets, generated messages, reliable link, client. Knows bytes, not bees."""
