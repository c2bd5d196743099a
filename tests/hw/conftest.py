"""Runs tests that drive a unit: coroutines, on the processor in front of it.

Each is played on a small unit with the features of its mark, and on every preset that has them.
"""

import inspect
from functools import partial

import pytest

from hw.presets import PRESETS

from .mmu_support import preset_bench


def pytest_configure(config):
    config.addinivalue_line("markers", "unit(unit): the unit that the test's processor drives")


def pytest_generate_tests(metafunc):
    """Give a test with a mark on its unit the ways to run it, as ``cpu``: one for each unit."""
    mark = metafunc.definition.get_closest_marker("unit")
    if mark is not None:
        unit = mark.args[0]
        metafunc.parametrize("cpu", [
            pytest.param(unit.run, id="small"),
            *(pytest.param(partial(_run_on, unit, preset), id=preset, marks=pytest.mark.slow)
              for preset, config in PRESETS.items() if unit.suits(config))])


def _run_on(unit, preset, test):
    unit.run(test, on=preset_bench(preset))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Run a test with a mark on its unit."""
    if pyfuncitem.get_closest_marker("unit") is None:
        return None
    others = {name: pyfuncitem.funcargs[name]
              for name in inspect.signature(pyfuncitem.obj).parameters}
    run = others.pop("cpu")
    run(lambda cpu: pyfuncitem.obj(cpu, **others))
    return True
