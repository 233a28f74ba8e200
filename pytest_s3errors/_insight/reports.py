"""The reports about a whole session, if options ask for them."""

from __future__ import annotations

import pytest

from pytest_s3errors._options import measures

from .coverage import Collector, Shown
from .report import PageWriter


def register(config: pytest.Config) -> None:
    """Register the plugins that the options ask for. The page shows coverage as well."""
    config.pluginmanager.register(Collector(), "s3errors-coverage")
    if measures(config):
        config.pluginmanager.register(Shown(config), "s3errors-coverage-reports")
    if config.getoption("--s3-report"):
        config.pluginmanager.register(PageWriter(config), "s3errors-page")
