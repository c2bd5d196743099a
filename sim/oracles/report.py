"""Report of a campaign, for people and as a document."""

import json
from collections.abc import Mapping
from typing import Any

from sim.output.text import wrap
from sim.vectors.line import vector_line

from .campaign import Campaign
from .deviations import DEVIATIONS


__all__ = ["SCHEMA", "as_json", "as_text"]


#: Version of the JSON.
SCHEMA = 1


def as_json(campaign: Campaign, name: str, version: str,
            modes: Mapping[str, int]) -> dict[str, Any]:
    """Return a campaign as a document: docs/json.md.

    ``name`` and ``version`` are the oracle's; ``modes`` are the widths of its physical addresses.
    """
    rules = {deviation.name: deviation for deviation in DEVIATIONS}
    return {
        "schema": SCHEMA, "oracle": name, "version": version, "modes": dict(modes),
        "vectors": campaign.vectors, "compared": campaign.compared, "agreed": campaign.agreed,
        "unplaced": campaign.unplaced, "differed": campaign.differed,
        "deviations": [{"name": found, "rule": rules[found].rule, "reason": rules[found].reason,
                        "vectors": count} for found, count in campaign.deviations.most_common()],
        "left_out": [{"reason": reason, "vectors": count}
                     for reason, count in campaign.left_out.most_common()],
        "differences": [{"vector": vector_line(difference.vector), "texts": difference.texts}
                        for difference in campaign.differences],
    }


def as_text(campaign: Campaign, name: str, version: str, modes: Mapping[str, int]) -> str:
    """Return the same for people."""
    widths = ", ".join(f"{mode} ({width} bits)" for mode, width in modes.items())
    found  = [*wrap(f"{name}: {version}", ""), *wrap(f"Paging: {widths}", ""), "",
              f"{campaign.vectors:,} vectors, {campaign.compared:,} compared: "
              f"{campaign.agreed:,} agree, {campaign.differed:,} differ"]
    if campaign.unplaced:
        found += wrap(f"Of {campaign.unplaced:,} it was not seen where each access went.", "")
    rules = {deviation.name: deviation for deviation in DEVIATIONS}
    if campaign.deviations:
        found += ["", "Known deviations:"]
    for known, count in campaign.deviations.most_common():
        found += wrap(f"{count:7,}  {known} (rule {rules[known].rule}): {rules[known].reason}",
                      "", " " * 9)
    if campaign.left_out:
        found += ["", "Not compared:"]
    for reason, count in campaign.left_out.most_common():
        found += wrap(f"{count:7,}  {reason}", "", " " * 9)
    if campaign.differences:
        found += ["", f"Differences, the first {len(campaign.differences)}:"]
    for difference in campaign.differences:
        found += ["", *(line for text in difference.texts for line in wrap(text, "  ", "    ")),
                  json.dumps(vector_line(difference.vector))]
    return "\n".join(found) + "\n"
