"""Changes of Python's syntax trees that make mutants.

What runs at import is left alone, and so are assertions, which are checks themselves, and texts.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple


__all__ = ["Site", "sites"]


@dataclass(frozen=True)
class Site:
    """A change that can be made.

    Attributes
    ----------
    function : :class:`str`
        The outermost function that it is in.
    line : :class:`int`
        Where it is.
    lines : :class:`range`
        If none of these lines is executed, nothing else is done than without the change.
    kind, change : :class:`str`
        The kind of change, and this one in words: others than those of all in this function.
    apply : callable
        Makes it, in the tree.
    """

    function: str
    line:     int
    lines:    range
    kind:     str
    change:   str
    apply:    Callable[[], None]


class _Change(NamedTuple):
    """A kind of change of some node, this one in words, and what makes it."""

    kind:  str
    words: str
    apply: Callable[[], None]


#: Comparisons, and what each becomes: the neighbour that only a case at the limit shows.
_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}

_Function  = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

#: Statements that can be left out while all names keep a value.
_REMOVABLE = (ast.AugAssign, ast.Raise, ast.Delete)


def sites(tree: ast.Module) -> Iterator[Site]:
    """Yield all changes in the functions of a module, in the order of its text.

    Of changes of one function that the same words tell, all but the first have a number.
    """
    told = Counter[tuple[str, str]]()
    for name, function in _outermost(tree, ""):
        for line, lines, (kind, words, apply) in _in_function(function):
            told[name, words] += 1
            again = f" [{told[name, words]}]" if told[name, words] > 1 else ""
            yield Site(name, line, lines, kind, words + again, apply)


def _outermost(tree: ast.AST, prefix: str) -> Iterator[tuple[str, _Function]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, _FUNCTIONS):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _outermost(node, f"{prefix}{node.name}.")


def _in_function(function: _Function) -> Iterator[tuple[int, range, _Change]]:
    """Changes of a function's body, and of those in it: their lines, as a site has them."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if body and not _is_stub(body):
        def leave() -> None:
            here = ast.copy_location(ast.Return(None), body[0])
            function.body.insert(function.body.index(body[0]), here)

        # What stays behind it keeps a generator what it is.
        yield body[0].lineno, _lines(function), _Change(
            "early return", f"{function.name} returns at once", leave)
        for node in body:
            yield from _changes(node, function, range(0))


def _is_stub(body: list[ast.stmt]) -> bool:
    """Tell whether there is nothing in a body, or only a refusal to be called."""
    return all(isinstance(node, ast.Pass) or isinstance(node, ast.Raise)
               or isinstance(node, ast.Return) and node.value is None
               or isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
               for node in body)


def _changes(node: Any, parent: ast.AST,
             lines: range) -> Iterator[tuple[int, range, _Change]]:
    """Changes of a node, in a statement of these lines, and of all below it."""
    if isinstance(node, _FUNCTIONS):
        yield from _in_function(node)
        return
    if isinstance(node, (ast.Assert, ast.JoinedStr, ast.ClassDef, ast.Import, ast.ImportFrom)):
        return
    if isinstance(node, ast.keyword) and node.arg == "strict":
        return  # That of zip() is an assertion, too.
    if isinstance(node, ast.stmt):
        lines = _lines(node)
    change = _of_statement if isinstance(node, ast.stmt) else _of_expression
    for each in change(node, parent):
        yield node.lineno, lines, each
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "type_comment", "msg"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _changes(child, node, lines)


def _lines(node: ast.stmt) -> range:
    """The lines of a statement; of a condition, or a loop, without those of what is in it."""
    if isinstance(node, (ast.If, ast.While, ast.For, ast.AsyncFor)):
        return range(node.lineno, max(node.body[0].lineno, node.lineno + 1))
    assert node.end_lineno is not None, "what is parsed has an end"
    return range(node.lineno, node.end_lineno + 1)


def _of_statement(node: Any, parent: ast.AST) -> Iterator[_Change]:
    called = isinstance(node, ast.Expr) and isinstance(node.value, (ast.Call, ast.Await))
    stored = isinstance(node, ast.Assign) and all(
        isinstance(target, (ast.Attribute, ast.Subscript)) for target in node.targets)
    if called or stored or isinstance(node, _REMOVABLE):
        yield _Change("removed statement", f"without: {_shown(node)}", _exchange(
            node, parent, ast.copy_location(ast.Pass(), node)))
    if isinstance(node, (ast.If, ast.While)) and not _turns(node.test):
        test = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
        kind = "swapped branch" if isinstance(node, ast.If) else "inverted loop"
        yield _Change(kind, f"not ({_shown(node.test)})", lambda: setattr(node, "test", test))


def _turns(test: ast.expr) -> bool:
    """Tell whether another change of a condition is the same as to turn it."""
    return (isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
            or isinstance(test, ast.Compare) and len(test.ops) == 1
            and not isinstance(test.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE)))


def _of_expression(node: ast.AST, parent: ast.AST) -> Iterator[_Change]:
    match node:
        case ast.Compare():
            for place, op in enumerate(node.ops):
                other = _COMPARISONS[type(op)]()

                def turn(place: int = place, other: ast.cmpop = other) -> None:
                    node.ops[place] = other

                yield _Change("comparison",
                              f"{_word(op)} becomes {_word(other)} in: {_shown(node)}", turn)
        case ast.BoolOp():
            turned = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield _Change("boolean", f"{_word(node.op)} becomes {_word(turned)} in: "
                          f"{_shown(node)}", lambda: setattr(node, "op", turned))
        case ast.UnaryOp(op=ast.Not()):
            yield _Change("boolean", f"without not: {_shown(node)}",
                          _exchange(node, parent, node.operand))
        case ast.BinOp(op=ast.BitOr()):
            yield _Change("flag bits", f"without the right side of: {_shown(node)}",
                          _exchange(node, parent, node.left))
        case ast.BinOp(op=ast.BitAnd()):
            yield _Change("flag bits", f"without the mask of: {_shown(node)}",
                          _exchange(node, parent, node.left))
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            for step in (1, -1):
                yield _Change("constant", f"{value} becomes {value + step} in: {_shown(parent)}",
                              lambda step=step: setattr(  # type: ignore[misc]
                                  node, "value", value + step))
        case ast.Constant(value=bool() as value):
            yield _Change("constant", f"{value} becomes {not value} in: {_shown(parent)}",
                          lambda: setattr(node, "value", not value))


def _exchange(node: ast.AST, parent: ast.AST, other: ast.AST) -> Callable[[], None]:
    """Return what puts another node in the place of this one."""
    def exchange() -> None:
        for name, value in ast.iter_fields(parent):
            if value is node:
                setattr(parent, name, other)
            elif isinstance(value, list):
                value[:] = [other if each is node else each for each in value]

    return exchange


def _shown(node: ast.AST) -> str:
    """The first line of a node's text."""
    text: str = ast.unparse(ast.fix_missing_locations(node)).splitlines()[0]
    return text if len(text) <= 70 else f"{text[:67]}..."


def _word(operator: Any) -> str:
    words = {"Eq": "==", "NotEq": "!=", "Lt": "<", "LtE": "<=", "Gt": ">", "GtE": ">=",
             "In": "in", "NotIn": "not in", "Is": "is", "IsNot": "is not", "And": "and",
             "Or": "or"}
    return words[type(operator).__name__]
