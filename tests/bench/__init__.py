"""What the plugin costs: run `python -m tests.bench` in the checkout, with the package installed."""
