"""A cluster of its own for the tests of this folder."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from cluster import Cluster


@pytest.fixture(scope="session")
def cluster():
    """All services of deploy/compose.yml, ready."""
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))  # pytest's own folders are closed to the user of the services
    folder.chmod(0o755)
    running = Cluster(folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()
    shutil.rmtree(folder)  # kept where it would not start, for the logs
