"""Pictures of data, drawn with characters."""
