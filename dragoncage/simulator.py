"""The first module that cocotb imports in a simulator: our test, by way of our own packages."""

from importlib import import_module

from . import activate


__all__ = ["call"]


activate()
call = import_module("sim.engines.cocotb.inside").call
