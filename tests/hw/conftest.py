"""Runs tests that drive a unit: coroutines, on the processor in front of it."""

import inspect

import pytest


def pytest_configure(config):
    config.addinivalue_line("markers", "unit(unit): the unit that the test's processor drives")


@pytest.fixture
def cpu(request):
    """The unit of the test's mark, whose processor the test gets when it runs."""
    return request.node.get_closest_marker("unit").args[0]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Run a test with a mark on its unit."""
    if pyfuncitem.get_closest_marker("unit") is None:
        return None
    others = {name: pyfuncitem.funcargs[name]
              for name in inspect.signature(pyfuncitem.obj).parameters}
    unit  = others.pop("cpu")
    unit.run(lambda cpu: pyfuncitem.obj(cpu, **others))
    return True
