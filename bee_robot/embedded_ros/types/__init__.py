"""ROS interface types: from definition text to strict Python classes, CDR codecs and type hashes."""
