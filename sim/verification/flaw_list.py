"""Flaws that a unit can be made to have."""

from collections.abc import Mapping

from hw.config import MmuConfig


__all__ = ["FLAWS", "MODE_OF", "lacked"]


#: Each flaw, and words of its failure's message. The last flaw is not the unit's.
FLAWS = {
    "WP is ignored":                        "golden model",
    "AC opens nothing":                     "golden model",
    "a key stops fetches":                  "golden model",
    "WD ignores WP":                        "golden model",
    "the CPL chooses PKRU or PKRS":         "golden model",
    "PKRU does not count on a hit":         "golden model",
    "the D bit is lost":                    "golden model",
    "an update does not compare":           "no interleaving",
    "an update is not locked":              "golden model",
    "a lock ends between its halves":       "lock until acknowledged",
    "INVLPG does nothing":                  "golden model",
    "INVPCID does nothing":                 "golden model",
    "a write of CR3 flushes nothing":       "golden model",
    "INVLPG takes the page of another":     "golden model",
    "global translations outlast a flush":  "golden model",
    "INVPCID means the current PCID":       "golden model",
    "pieces of a page outlast INVLPG":      "golden model",
    "INVLPG spares the second level":       "golden model",
    "INVLPG spares tables":                 "golden model",
    "stamps are given anew too early":      "golden model",
    "a PCID has the stamps of another":     "golden model",
    "rights above a table are forgotten":   "golden model",
    "a clean page is written unseen":       "golden model",
    "a faulting walk fills":                "golden model",
    "PDPTEs are read in each walk":         "golden model",
    "a malformed PDPTE is loaded":          "golden model",
    "CR4 loads no PDPTEs":                  "golden model",
    "PS makes a page of a PML5E":           "golden model",
    "LA57 widens no address":               "golden model",
    "upper bits are ignored in PAE paging": "golden model",
    "chained accesses are done":            "golden model",
    "the second page is behind the first":  "golden model",
    "a stalled request moves on":           "held while stalled",
    "a bus cycle ends too early":           "cycle until acknowledged",
    "a response is withdrawn":              "offer held",
    "a response changes while it waits":    "payload held",
    "a walk begins anew for ever":          "end of an access",
    "a response is lost":                   "nothing happens",
    "a request gets two responses":         "response to a request",
    "an operation does not wait":           "operation alone",
    "memory acknowledges twice":            "acknowledgement owed",
}

#: What a unit must have for a flaw to change anything: fields of its configuration.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "AC opens nothing":                     ("smap",),
    "a key stops fetches":                  ("pku or pks",),
    "WD ignores WP":                        ("pku or pks",),
    "the CPL chooses PKRU or PKRS":         ("pku or pks",),
    "PKRU does not count on a hit":         ("pku",),
    "INVPCID does nothing":                 ("invpcid",),
    "pieces of a page outlast INVLPG":      ("pse or pae or long_mode",),
    "INVLPG spares the second level":       ("second_entries",),
    "INVLPG spares tables":                 ("second_entries",),
    "stamps are given anew too early":      ("second_entries",),
    "a PCID has the stamps of another":     ("second_entries", "pcid"),
    "rights above a table are forgotten":   ("second_entries",),
    "a clean page is written unseen":       ("second_entries",),
    "PDPTEs are read in each walk":         ("pae",),
    "a malformed PDPTE is loaded":          ("pae",),
    "CR4 loads no PDPTEs":                  ("pae",),
    "PS makes a page of a PML5E":           ("la57",),
    "LA57 widens no address":               ("la57",),
    "upper bits are ignored in PAE paging": ("pae",),
}

#: The only paging mode in which a flaw changes anything, where there is one.
MODE_OF: Mapping[str, str] = {
    flaw: {"pae": "pae", "la57": "5level"}[fields[0]] for flaw, fields in _NEEDED.items()
    if fields[0] in ("pae", "la57")}


def lacked(flaw: str, config: MmuConfig) -> str:
    """Name what a unit has not, and without which a flaw changes nothing; empty: it has all."""
    return next((fields for fields in _NEEDED.get(flaw, ())
                 if not any(getattr(config, field) for field in fields.split(" or "))), "")
