"""One suite for all brokers: see `suite`."""
