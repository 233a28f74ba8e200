"""A plugin of pytest for `runs.py`: it appends each sweep to the file SWEPT, as a line of JSON."""

import json
import os
from pathlib import Path


def pytest_runtest_logreport(report):
    swept = getattr(report, "s3_sweep_map", None)
    if swept is not None and "PYTEST_XDIST_WORKER" not in os.environ:
        with Path(os.environ["SWEPT"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(swept) + "\n")
