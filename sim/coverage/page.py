"""The page of a campaign: one HTML file with all rules and bins."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

from .places import Place, link, proofs_page, sentences_of, tests_of
from .rules import code_of


__all__ = ["page"]


def page(document: dict[str, Any], folder: Path) -> str:
    """The page for a document of :func:`.coverage.report.as_json`, which is to be in a folder.

    It has links from there to files of the project that are here.
    """
    def linked(place: Place) -> dict[str, Any]:
        return {"text": str(place), "href": link(place, folder)}

    template = resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    numbers  = [rule["number"] for rule in document["rules"]]
    sources  = {code.name: {"text": code.text, "place": linked(Place(code.file, code.line))}
                for number in numbers for code in code_of(number)}
    places   = {number: {"sentences": linked(sentences_of(number)),
                         "tests": [linked(place) for place in tests_of(number)]}
                for number in numbers}
    proofs   = {proof["name"]: linked(proofs_page(proof["name"]))
                for rule in document["rules"] for proof in rule["proofs"]}
    # What ends a script in HTML must not stand in one.
    text = json.dumps(document | {"sources": sources, "places": places, "proven": proofs}
                      ).replace("</", "<\\/")
    return template.replace("DOCUMENT", text)
