"""The sequence: one event after another, kept, and nothing else."""
