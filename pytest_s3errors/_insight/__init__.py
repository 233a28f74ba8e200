"""Features that run a test more than once. `_core.insight` judges the results."""
