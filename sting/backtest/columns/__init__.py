"""Loops over columns that are compiled, and carry no events."""
