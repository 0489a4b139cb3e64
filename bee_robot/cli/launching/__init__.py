"""Launch files and the processes they start, without ROS 2."""
