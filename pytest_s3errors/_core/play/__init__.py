"""What a client sees of a response: the outcomes of faults, exchanges, and their bytes."""
