"""Tests of the ways of the guardian."""
