"""Many runs of one strategy: combinations, executors, results."""
