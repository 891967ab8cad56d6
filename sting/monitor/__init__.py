"""What watches over an engine that runs, and tells people of it."""
