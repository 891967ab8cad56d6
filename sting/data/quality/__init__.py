"""What is wrong and what is odd in bars: rules, each with an action."""
