"""Runs of a strategy over the past, and what is to be said of them."""
