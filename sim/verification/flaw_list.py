"""Flaws that a unit can be made to have."""

__all__ = ["FLAWS"]


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
    "pieces of a page outlast INVLPG":      "golden model",
    "INVLPG spares the second level":       "golden model",
    "INVLPG spares tables":                 "golden model",
    "stamps are given anew too early":      "golden model",
    "rights above a table are forgotten":   "golden model",
    "a clean page is written unseen":       "golden model",
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
    "a response is lost":                   "nothing happens",
    "a request gets two responses":         "response to a request",
    "an operation does not wait":           "operation alone",
    "memory acknowledges twice":            "acknowledgement owed",
}
