"""Docstrings as Markdown."""

import re
import textwrap
from collections.abc import Mapping


__all__ = ["cell", "paragraphs", "wrapped"]


#: Columns of a page.
WIDTH = 110


def _inline(text: str, links: Mapping[str, str]) -> str:
    """Return a text with its code and its references spelt in Markdown.

    ``links`` has the targets of names, by their last part.
    """
    def reference(found: re.Match[str]) -> str:
        name = found[1].rpartition(".")[2].strip("~!()")
        return f"[`{name}`]({links[name]})" if name in links else f"`{name}`"

    text = re.sub(r":(?:class|func|data|mod|meth):`([^`]*)`", reference, text)
    text = re.sub(r":py:`([^`]*)`", r"`\1`", text)
    return text.replace("``", "`")


def paragraphs(text: str, links: Mapping[str, str]) -> str:
    """Return paragraphs, wrapped as pages are."""
    return "\n\n".join(wrapped(_inline(" ".join(part.split()), links))
                       for part in text.split("\n\n") if part.strip())


def wrapped(line: str) -> str:
    """Return a paragraph in lines of a page's width."""
    return "\n".join(textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False))


def cell(text: str, links: Mapping[str, str]) -> str:
    """Return a text for a cell of a table."""
    return _inline(text, links).replace("|", "\\|")
