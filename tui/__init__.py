"""The terminal of sting."""
