"""What a test saw: the journal, attempts, the timeline and expectations."""
