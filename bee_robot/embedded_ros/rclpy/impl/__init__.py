"""Names that code written for rclpy finds in its `impl` package."""
