"""What can be told of a test that ran more than once: its requests, what can happen to them, what it bears."""
