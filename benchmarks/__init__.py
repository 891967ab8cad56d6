"""What the project claims about speed, runnable: `python -m benchmarks`."""

# Sets how often Textual paints, before anything imports that.
import tui  # noqa: F401
