"""What the plugin finds out by running a test more than once. `_core.insight` judges what was seen."""
