"""What a sweep and a retry profile are made of: cases, invariants, verdicts, specifications. Pure values."""
