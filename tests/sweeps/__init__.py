"""What the sweep promises about its findings, tried at full length; `python -m tests.sweeps` says how."""
