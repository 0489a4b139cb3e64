"""What the robot keeps: the local store. The cloud is a copy of it."""
