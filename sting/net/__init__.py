"""What talking to other machines needs: limits, retries, breakers, streams."""
