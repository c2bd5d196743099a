"""The process that searches, ended when all tests are over."""

import pytest

from .explore_support import worker


@pytest.fixture(scope="session", autouse=True)
def _worker_ends():
    yield
    if worker.cache_info().currsize:
        worker().shutdown()
