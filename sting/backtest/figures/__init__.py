"""Figures of runs: metrics, tables, statistics of selection."""
