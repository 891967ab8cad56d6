"""The panes of the trade screen, by number."""
