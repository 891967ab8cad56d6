"""Other engines on the same work as sting, and loops without any."""
