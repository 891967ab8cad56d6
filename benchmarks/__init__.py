"""What the project claims about speed, runnable: `python -m benchmarks`."""
