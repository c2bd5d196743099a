"""Complaints of a linter about the text that Yosys writes, each with the reason to allow it."""

__all__ = ["tolerant"]


#: Warnings of Verilator that cannot be avoided, and why they do not matter.
TOLERATED = {
    "CASEOVERLAP":  "of bits that choose one of several, at most one is set",
    "DECLFILENAME": "the file may have any name",
    "PROCASSINIT":  "registers have their values before the first reset too",
    "UNUSEDSIGNAL": "not every part looks at every field",
    "WIDTHEXPAND":  "a narrow number begins with zeros",
    "WIDTHTRUNC":   "! of a vector: none of its bits is set",
}


def tolerant(module: str) -> str:
    """``module`` between comments that let Verilator pass over what is tolerated."""
    width = max(map(len, TOLERATED))
    return "\n".join([
        "/* verilator lint_save */",
        *(f"/* verilator lint_off {name:{width}} */ // {why}" for name, why in TOLERATED.items()),
        "",
        module.strip(),
        "",
        "/* verilator lint_restore */",
        "",
    ])
