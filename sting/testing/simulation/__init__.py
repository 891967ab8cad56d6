"""Deterministic simulation: the real engine in a world that fails on purpose.

One thread, virtual time, one seed. `docs/guides/SIMULATION.md` tells what is
simulated, what is held to be true after every event, and how to read a
failure.
"""
