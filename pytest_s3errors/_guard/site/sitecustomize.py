"""Code that the Python child of a test runs first: its guard, then its own `sitecustomize`, if any."""  # noqa: INP001 - found by PYTHONPATH

# Only such children have this folder on their path, and this file removes it. The child starts even if this fails.

import os
import sys
from importlib import import_module

here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - every child would import pathlib
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]  # noqa: PTH100
try:
    import json

    plan = json.loads(os.environ["S3ERRORS_GUARD"])
    # Another interpreter may lack the packages that this one needs.
    if plan["python"] == [sys.prefix, *sys.version_info[:2]]:
        sys.path.append(plan["root"])
        inherit = import_module("pytest_s3errors._guard.inherit")
        sys.path.remove(plan["root"])
        inherit.follow(plan)
except Exception:  # noqa: BLE001, S110 - see above
    pass

ours = sys.modules.pop(__name__)
try:
    import_module(__name__)
except ImportError:
    sys.modules[__name__] = ours
