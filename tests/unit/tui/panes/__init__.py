"""Tests of panes."""
