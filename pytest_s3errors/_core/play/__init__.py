"""What a client sees of an answer: outcomes of faults, exchanges, and their bytes."""
