"""The rules of paging: titles, sources, and where each has its code and its tests.

Ref: ``docs/paging-rules.md``, which has their sentences.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple


__all__ = ["RULES", "Code", "Rule", "code_of"]


#: Packages whose docstrings name rules.
_CODE = ("hw", "hw.tlb", "sim.golden")

#: Lines of a class that are shown: its docstring, mostly.
_LINES = 40


class Rule(NamedTuple):
    """One rule.

    Attributes
    ----------
    number : :class:`int`
        Its number.
    title : :class:`str`
        Its title.
    source : :class:`str`
        Sections of the Intel SDM, Vol. 3A unless another volume is named.
    tests : tuple of :class:`str`
        Files with tests of it, whose names begin with its number.
    """

    number: int
    title:  str
    source: str
    tests:  tuple[str, ...]

    @property
    def command(self) -> str:
        """The command that runs its tests."""
        return f"pytest tests/hw tests/golden -k test_rule_{self.number:02}_"


RULES: dict[int, Rule] = {rule.number: rule for rule in (
    Rule(1, "from the top down; P, then reserved bits; rights at the end", "4.6, 4.7",
         ("hw/test_rules_walk.py",)),
    Rule(2, "an entry with P = 0 has no other bits", "4.3, 4.5, 4.7",
         ("hw/test_rules_walk.py",)),
    Rule(3, "a reserved bit faults with P = 1 and RSVD = 1", "4.7",
         ("hw/test_rules_walk.py",)),
    Rule(4, "rights combine over all levels", "4.6, 4.6.1",
         ("hw/test_rules_walk.py",)),
    Rule(5, "PS by level", "4.5, Tables 4-15 to 4-20",
         ("hw/test_rules_walk.py",)),
    Rule(6, "which bits are reserved, and which are ignored", "4.5, Tables 4-15 to 4-20",
         ("hw/test_rules_walk.py",)),
    Rule(7, "XD is reserved while EFER.NXE = 0", "4.5, 4.7",
         ("hw/test_rules_walk.py",)),
    Rule(8, "a non-canonical address is no page fault", "Vol. 1, 3.3.7.1",
         ("hw/test_rules_levels.py", "hw/test_rules_walk.py")),
    Rule(9, "the error code tells what the access was", "4.7",
         ("hw/test_rules_verdict.py",)),
    Rule(10, "CR0.WP", "2.5, 4.6.1",
         ("hw/test_rules_verdict.py",)),
    Rule(11, "SMEP", "4.6.1",
         ("hw/test_rules_verdict.py",)),
    Rule(12, "SMAP", "4.6.1",
         ("hw/test_rules_verdict.py",)),
    Rule(13, "implicit accesses are supervisor accesses", "4.6",
         ("hw/test_rules_verdict.py",)),
    Rule(14, "PK tells that a protection key refused", "4.6.2, 4.7",
         ("hw/test_rules_keys.py", "golden/test_rules_keys.py")),
    Rule(15, "on success, A everywhere and D in the leaf of a write", "4.8",
         ("hw/test_rules_flags.py",)),
    Rule(16, "on a fault, the leaf keeps its flags", "4.8",
         ("hw/test_rules_flags.py",)),
    Rule(17, "the update is a locked read-modify-write", "4.8, 8.1.2.1",
         ("hw/test_rules_flags.py",)),
    Rule(18, "D is set in memory before the page is written", "4.8",
         ("hw/test_rules_flags.py",)),
    Rule(19, "32-bit paging", "4.3, Tables 4-3 to 4-6",
         ("hw/test_rules_modes.py",)),
    Rule(20, "PAE paging", "4.4",
         ("hw/test_rules_pae.py", "golden/test_rules_pae.py")),
    Rule(21, "changes of mode that are illegal",
         '2.5, 4.1.2, 9.8.5; Vol. 2, "MOV to control registers"',
         ("hw/test_rules_modes.py", "hw/test_rules_pae.py")),
    Rule(22, "missing and malformed entries are not cached", "4.10.2.3, 4.10.4.3",
         ("hw/test_rules_tlb.py",)),
    Rule(23, "a hit is judged by the present control state", "4.6, 4.10.2",
         ("hw/test_rules_tlb.py",)),
    Rule(24, "what may be stale until it is flushed", "4.10.2.3, 4.10.4.2, 4.10.4.4",
         ("hw/test_rules_tlb.py",)),
    Rule(25, "rights that were raised cost at most one page fault", "4.10.4.1, 4.10.4.3",
         ("hw/test_rules_tlb.py",)),
    Rule(26, "INVLPG", '4.10.4.1; Vol. 2, "INVLPG"',
         ("hw/test_rules_tlb.py",)),
    Rule(27, "what flushes many translations", "4.10.4.1",
         ("hw/test_rules_tlb.py",)),
    Rule(28, "the PDPTE registers", "4.4.1, Tables 4-7 and 4-8",
         ("hw/test_rules_pae.py", "golden/test_rules_pae.py")),
    Rule(29, "entries of PAE paging", "4.4.2, Tables 4-9 to 4-11",
         ("hw/test_rules_reserved.py", "golden/test_rules_reserved.py")),
    Rule(30, "PSE-36 ends at M", "4.3, Table 4-4",
         ("hw/test_rules_reserved.py", "golden/test_rules_reserved.py")),
    Rule(31, "the upper half of CR3 counts in long mode only", "4.3, 4.4.1",
         ("hw/test_rules_pae.py", "golden/test_rules_pae.py")),
    Rule(32, "PCIDs", '4.10.1, 4.10.2.4, 4.10.4.1; Vol. 2, "MOV to control registers"',
         ("hw/test_rules_contexts.py", "golden/test_rules_pcid.py")),
    Rule(33, "INVPCID", 'Vol. 2, "INVPCID"; 4.10.4.1',
         ("hw/test_rules_contexts.py", "golden/test_rules_invpcid.py")),
    Rule(34, "INVLPG and page faults know the PCID", "4.10.2.4, 4.10.4.1",
         ("hw/test_rules_contexts.py", "golden/test_rules_pcid.py")),
    Rule(35, "flushes by other control writes", "4.10.4.1",
         ("hw/test_rules_contexts.py", "golden/test_rules_pcid.py")),
    Rule(36, "protection keys", '2.7, 4.6.2; Vol. 2, "WRPKRU", "WRMSR"',
         ("hw/test_rules_keys.py", "golden/test_rules_keys.py")),
    Rule(37, "five levels", "4.5, Tables 4-12 to 4-14; Vol. 1, 3.3.7.1",
         ("hw/test_rules_levels.py", "golden/test_rules_levels.py")),
)}


class Code(NamedTuple):
    """A function or a class that carries out rules.

    Attributes
    ----------
    name : :class:`str`
        Its name, with that of its module.
    line : :class:`int`
        Its first line in the module's file, from 1 on.
    rules : frozenset of :class:`int`
        The rules: its docstring says so, by "Rule 4." at its end.
    text : :class:`str`
        Its text; of a long class, the beginning.
    """

    name:  str
    line:  int
    rules: frozenset[int]
    text:  str

    @property
    def file(self) -> str:
        """The module's file, from the root of the project."""
        package = max((each for each in _CODE if self.name.startswith(f"{each}.")), key=len)
        module  = self.name.removeprefix(f"{package}.").split(".")[0]
        return f"{package.replace('.', '/')}/{module}.py"


def code_of(number: int) -> list[Code]:
    """Functions and classes that carry out a rule."""
    return [code for code in _code() if number in code.rules]


@cache
def _code() -> tuple[Code, ...]:
    """Functions and classes whose docstrings name rules."""
    found: list[Code] = []
    for package in _CODE:
        for file in sorted(resources.files(package).iterdir(), key=lambda file: file.name):
            if file.name.endswith(".py"):
                module = f"{package}.{file.name.removesuffix('.py')}"
                text   = file.read_text(encoding="utf-8")
                found += _documented(module, ast.parse(text), text.splitlines())
    return tuple(found)


def _documented(name: str, node: ast.AST, lines: Sequence[str]) -> Iterator[Code]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.ClassDef, ast.FunctionDef)):
            continue
        numbers = re.findall(r"\bRules? ([\d, ]+)\.", ast.get_docstring(child) or "")
        if numbers:
            end = child.end_lineno or child.lineno
            if isinstance(child, ast.ClassDef):
                end = min(end, child.lineno + _LINES)
            yield Code(f"{name}.{child.name}", child.lineno,
                       frozenset(int(number) for text in numbers
                                 for number in re.findall(r"\d+", text)),
                       "\n".join(lines[child.lineno - 1:end]))
        yield from _documented(f"{name}.{child.name}", child, lines)
