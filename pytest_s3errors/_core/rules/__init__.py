"""Rules: from what a marker says to which requests fail, when, and how."""
