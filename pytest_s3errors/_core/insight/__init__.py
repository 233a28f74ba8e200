"""The parts of sweeps and retry profiles: cases, invariants, verdicts, specifications. All are pure values."""
