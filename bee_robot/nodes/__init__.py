"""ROS nodes: one thin node per file (convert, call, publish; no logic), and the two bridges to them."""
