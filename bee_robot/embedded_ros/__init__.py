"""The rclpy API over Zenoh, for machines without ROS 2.

`rclpy/` is the public part: the finder in `importer.py` serves it under the name `rclpy`, and
message packages (`std_msgs`, `bee_robot_interfaces`, ...) made from their definition texts by
`types/`. `wire/` speaks the wire format of rmw_zenoh_cpp, so that these nodes share one graph
with real ROS 2 nodes.

Nothing in this package is imported by node code directly: nodes say `import rclpy`.
"""
