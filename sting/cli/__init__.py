"""The `sting` command: the engine without a screen."""
