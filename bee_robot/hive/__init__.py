"""The domain: hives, boxes, comb frames, what is on them. Pure data and biology, no I/O."""
