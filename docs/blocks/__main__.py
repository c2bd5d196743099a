"""Writes the pages of the blocks anew: ``python -m docs.blocks``."""

from pathlib import Path

from .pages import PAGES


DOCS = Path(__file__).parents[1]

for name, page in PAGES.items():
    DOCS.joinpath(name).write_text(page(), encoding="utf-8")
