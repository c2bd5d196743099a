"""Cached translations in the light of what has happened to them: helpers of samplers."""

from collections.abc import Iterator

from sim.coverage.observation import AccessSeen, Happening, PageSeen

from .terms import HITS


__all__ = ["NO_FLUSHES", "global_or_not", "hit_or_walk", "kept", "served", "the_one"]


Hits = Iterator[tuple[str, ...]]

#: Control writes with none of which a translation is forgotten.
NO_FLUSHES = ("WP=0", "WP=1", "SMEP=0", "SMAP=0", "SMAP=1", "AC=0", "AC=1", "NXE=0", "NXE=1",
              "PKE=0", "PKE=1", "PKS=0", "PKS=1", "PKRU", "PKRS")


def hit_or_walk(page: PageSeen) -> str:
    """The fate of a cached page: "hit", or "walk"."""
    return "hit" if page.by in HITS else "walk"


def kept(page: PageSeen, values: tuple[str, ...], expected: str) -> Hits:
    """The bin of a page that is hit, or walked anew.

    To forget a translation is permitted at any time, so that a walk in place of a hit says nothing.
    A hit in place of a walk is a bin that does not exist.
    """
    found = hit_or_walk(page)
    if (found, expected) != ("walk", "hit"):
        yield *values, found


def the_one(page: PageSeen, *ignored: str) -> Happening | None:
    """The one thing that has happened to a translation, but for some."""
    found = [happening for happening in page.since if happening.name not in ignored]
    return found[0] if len(found) == 1 else None


def served(seen: AccessSeen, page: PageSeen) -> bool:
    """True if the translation that was cached would serve this access."""
    return page.cached is not None and (
        page.cached.global_page or page.cached.state.pcid == seen.state.pcid)


def global_or_not(page: PageSeen) -> str:
    """The cached translation in a word: "global", or "not global"."""
    return "global" if page.cached is not None and page.cached.global_page else "not global"
