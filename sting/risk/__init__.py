"""Risk: every order is judged here before it leaves, and the stop."""
