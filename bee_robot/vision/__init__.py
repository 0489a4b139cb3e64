"""Photographs of comb in, numbers about bees and cells out."""
