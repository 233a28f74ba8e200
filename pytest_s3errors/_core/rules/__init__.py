"""Rules: they turn markers into which requests fail, when, and how."""
