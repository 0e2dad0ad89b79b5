"""The tools themselves are no part of the default run."""

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without the option nothing here is a test."""
    return True if config.getoption("--real-tools") is None else None
