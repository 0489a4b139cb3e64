"""Robot models in URDF: reading, joint transforms, pictures. Plain Python; knows no ROS graph and no particular robot."""
