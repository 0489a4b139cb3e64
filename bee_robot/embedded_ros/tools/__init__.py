"""Command-line tools for a ROS graph, with the verbs, options and output of `ros2`.

For machines without ROS 2, where `bee ros` runs them; they use public rclpy only, so they also run on a real
one. One file per group of verbs (`node.py`, `topic.py`, ...), each with a table `VERBS`; `command.py` finds
the verb and runs it. Nothing is imported before it is needed: rclpy not for `--help`.
"""
