"""The twin: firmware on the host, plant physics, hive world, weather, and the virtual time that drives them together."""
