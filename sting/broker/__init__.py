"""Where orders go: one interface, and each broker in a file of its own."""
