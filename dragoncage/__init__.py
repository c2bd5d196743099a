"""Dragoncage: the version, and what makes its packages win over others of their names.

Others, too, call their packages ``hw``, ``sw`` and ``sim``, and Python imports the first of a name
that is on its path. :func:`activate` goes by this package's own place instead.
"""

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from types import ModuleType


__all__ = ["PACKAGES", "__version__", "activate"]


__version__ = "0.1.0"

#: Packages of this project whose names others use too.
PACKAGES = ("hw", "sw", "sim")

#: The folder that holds this package and those.
PLACE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def activate() -> None:
    """Import ``hw``, ``sw`` and ``sim`` of this project, whatever comes first on the path.

    Later imports of these names, and of modules in them, get this project's. The path stays as it
    is, and a second call does nothing.

    Raises :class:`ImportError`, in a sentence for users, if another package of such a name has been
    imported before, or stands where this project's should be.
    """
    for name in PACKAGES:
        module = sys.modules.get(name)
        if module is None:
            _load(name)
        elif not _is_ours(module):
            raise ImportError(f'another package "{name}" was imported before that of dragoncage, '
                              f"from {_origin(module)}", name=name)


def _load(name: str) -> None:
    """Import one package from the place where it should be."""
    spec = PathFinder.find_spec(name, [PLACE])
    # A folder without an __init__.py is a package too, which nothing has to load.
    if spec is None or spec.loader is None:
        raise ImportError(f'the package "{name}" of dragoncage is not in {PLACE}', name=name)
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        if not _is_ours(module):
            raise ImportError(f'another package "{name}" was installed over that of dragoncage: '
                              f"{_origin(module)}", name=name)
    except BaseException:
        del sys.modules[name]
        raise


def _is_ours(module: ModuleType) -> bool:
    """Tell whether it is in the right place, and says that it belongs to this project."""
    place = os.path.join(PLACE, module.__name__, "__init__.py")
    return (getattr(module, "DISTRIBUTION", None) == "dragoncage"
            and _origin(module) == os.path.realpath(place))


def _origin(module: ModuleType) -> str:
    """The file that it is from; the folder, if it is a package that has none."""
    folder: str | None = next(iter(getattr(module, "__path__", ())), None)
    origin: str | None = getattr(module, "__file__", None) or folder
    return "no file" if origin is None else os.path.realpath(origin)
