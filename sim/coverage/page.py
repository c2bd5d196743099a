"""The page of a campaign: one HTML file with all rules and bins."""

import json
from importlib import resources
from typing import Any

from .rules import code_of


__all__ = ["page"]


def page(document: dict[str, Any]) -> str:
    """The page for a document of :func:`.report.as_json`."""
    template = resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    sources  = {code.name: code.text for rule in document["rules"]
                for code in code_of(rule["number"])}
    # What ends a script in HTML must not stand in one.
    text = json.dumps(document | {"sources": sources}).replace("</", "<\\/")
    return template.replace("DOCUMENT", text)
