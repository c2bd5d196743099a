"""Tables of the documentation that tell the keys of a JSON document."""

import re


__all__ = ["documented", "paths"]


def documented(section):
    """Paths in the first column of a section's table."""
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return set(re.findall(r"`(.+?)`", " ".join(rows)))


def paths(value, names, path=""):
    """Paths of all that is in a document, by the ``names`` that the page has for them."""
    if isinstance(value, dict):
        for key, member in value.items():
            own = f"{path}.{key}" if path else key
            free = f"{path}.*" if path else "*"
            yield from paths(member, names,
                             free if any(name.startswith(free) for name in names) else own)
    elif isinstance(value, list) and path not in names:
        for member in value:
            yield from paths(member, names, f"{path}[]")
    if path and not isinstance(value, dict | list) or path in names:
        yield path
