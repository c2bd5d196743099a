"""Scripts of a few lines, and what comes of them on both kernels."""

import platform

import pytest

from sim.script.parser import parse
from sim.script.model import on_model
from sim.script.runs import on_linux


__all__ = ["EACH_KERNEL", "LINUX", "of_steps", "played"]


#: Short for what steps expect.
SHORT = {"REFUSED": 'signal="SIGSEGV", code="SEGV_ACCERR"',
         "MISSED":  'signal="SIGSEGV", code="SEGV_MAPERR"'}

HERE_IS_LINUX = platform.system() == "Linux" and platform.machine() == "x86_64"

LINUX = pytest.mark.skipif(not HERE_IS_LINUX, reason="scripts run on Linux on x86-64")

#: Both kernels, as functions from a script to outcomes.
EACH_KERNEL = pytest.mark.parametrize("kernel", [
    on_model, pytest.param(on_linux, marks=LINUX)], ids=["model", "linux"])


def of_steps(steps, head=""):
    """A script of steps in inline tables, one a line."""
    for word, meant in SHORT.items():
        steps = steps.replace(word, meant)
    tables = "".join(f"  {{ {line.strip()} }},\n" for line in steps.splitlines() if line.strip())
    return parse(f'format = 1\ntitle = "A test"\n{head}\nstep = [\n{tables}]\n', "test", "test")


def played(kernel, steps, head=""):
    """Play steps; return what each said, when all is as expected."""
    outcomes = kernel(of_steps(steps, head))
    assert [outcome.failed for outcome in outcomes] == [()] * len(outcomes)
    return [outcome.said for outcome in outcomes]
