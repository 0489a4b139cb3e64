"""The wire format of rmw_zenoh_cpp: keys, attachments, liveliness tokens, sessions, graph."""
