"""What a person reads of a run: text, an HTML page, plots."""
