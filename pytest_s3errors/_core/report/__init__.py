"""What happened in a test: the journal, attempts, the timeline and expectations."""
