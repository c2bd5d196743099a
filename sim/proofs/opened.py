"""The inside of components, for sentences that help an induction."""

from typing import Any

from amaranth.hdl import Module, Signal, Value


__all__ = ["driven", "in_a_state", "in_state", "opened"]


def opened(component: Any) -> Module:
    """The module of a component, which the design will have too, so that its signals are there."""
    module = component.elaborate(None)
    component.elaborate = lambda platform: module
    return module


def driven(module: Module, name: str) -> Signal:
    """The signal of a name that a module drives."""
    found, = (signal for signal in module._driving if signal.name == name)
    return found


def in_state(module: Module, *states: str) -> Value:
    """True while the state machine of a module is in one of some states."""
    machine = module._generated["fsm"]
    unknown = set(states) - machine.encoding.keys()
    assert not unknown, f"there is no state {unknown}"
    found = machine.ongoing(states[0])
    for state in states[1:]:
        found = found | machine.ongoing(state)
    return found


def in_a_state(module: Module) -> Value:
    """True while the state machine of a module is in a state that it has."""
    return in_state(module, *module._generated["fsm"].encoding)
