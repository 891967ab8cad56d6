"""The terminal of sting."""

import os

# Textual reads it as it is imported: a key then waits half as long for its
# paint as at 60 frames a second. What the engine shows comes at a pace of its
# own.
os.environ.setdefault('TEXTUAL_FPS', '120')
