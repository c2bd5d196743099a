"""The table of the bridge's states agrees with the code that goes from state to state."""

import ast
import inspect
import re

import hw.demo.bridge
from hw.demo.bridge import Bridge


METHODS = {node.name: node for node in ast.walk(ast.parse(inspect.getsource(Bridge)))
           if isinstance(node, ast.FunctionDef)}


def successors(block):
    """States that ``block`` may choose, itself or by a method of the bridge that it calls."""
    for node in ast.walk(block):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "m.next":
            yield node.value.value
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", None) in METHODS:
            yield from successors(METHODS[node.func.attr])


def states():
    """Blocks of code by the states that they are for."""
    for method in METHODS.values():
        for node in ast.walk(method):
            if isinstance(node, ast.With):
                opened = node.items[0].context_expr
                if ast.unparse(opened.func) == "m.State":
                    yield opened.args[0].value, node


def test_the_table_of_states_is_what_the_code_does():
    _, table, _ = re.split(r"(?m)^=+  =+$", hw.demo.bridge.__doc__)
    rows = re.sub(r",\n +", ", ", table).strip().splitlines()
    told = {state: set(following.split(", "))
            for state, following in (row.split(maxsplit=1) for row in rows)}
    assert told == {state: set(successors(block)) for state, block in states()}
