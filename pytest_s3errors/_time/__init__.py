"""The test's time."""
