"""Site of the documentation: its pages, and a reference made from the docstrings.

Built from the root of the project::

    sphinx-build -W -c docs . build/site
"""

import builtins
import gc
import inspect
import sys
from pathlib import Path
from pkgutil import walk_packages

from amaranth.lib.wiring import Component
from sphinx.addnodes import pending_xref
from sphinx.ext.napoleon import Config, NumpyDocstring
from sphinx.util.inspect import stringify_signature

import dragoncage
import hw
import sim
import sw


# Pages are millions of objects that stay: to search them for garbage as often as Python does takes
# a quarter of the whole time.
gc.set_threshold(100_000)

PACKAGES = {"hw": hw, "sw": sw, "sim": sim, "dragoncage": dragoncage}

project          = "dragoncage"
root_doc         = "README"
include_patterns = ["README.md", "CONTRIBUTING.md", "CHANGES.md", "docs/**.md",
                    "build/reference/*.rst"]
extensions       = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
#: As wide as the lines of code and the diagrams are.
html_theme_options = {"page_width": "1240px", "sidebar_width": "260px", "body_max_width": "auto"}
#: A block without a language is no Python.
highlight_language = "none"
#: Links to headings, as far down as the pages have them.
myst_heading_anchors = 3
#: ``:py:`` is how docstrings quote code.
rst_prolog = ".. role:: py(code)\n   :language: python\n"

autodoc_member_order    = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}

#: A reference to nothing is a warning. Python and the libraries are not looked up over a network;
#: of type variables, of private names and of signals in annotations there is nothing to say.
nitpicky = True
nitpick_ignore_regex = [("py:.*", pattern) for pattern in (
    rf"({'|'.join(sys.stdlib_module_names | {'amaranth', 'cocotb', 'numpy'})})(\..*)?",
    "|".join(dir(builtins)),
    r"(.*\.)?([A-Z]|\w+T|_\w+)",
    r"(unit|interrupts)\..*|claim",
)]

#: Sections of a docstring that numpydoc does not have, or that are shown as parameters are.
SECTIONS = Config(
    napoleon_custom_sections=[("Members", "params_style"), ("Attributes", "params_style"),
                              "Latency"],
    napoleon_use_param=False, napoleon_use_rtype=False)

#: The reference to one module, or to what is in a package itself: what a package only exports is
#: on the page of its module.
PAGE = """\
{name}
{line}

.. automodule:: {name}
   {options}

.. toctree::
   :hidden:

{parts}
"""

#: Table of contents, at the end of the first page and beside all pages.
CONTENTS = """
```{toctree}
:hidden:
:caption: Pages
:glob:

CONTRIBUTING
docs/*
CHANGES
```

```{toctree}
:hidden:
:caption: Blocks
:glob:

docs/blocks/*
```

```{toctree}
:hidden:
:caption: Reference

build/reference/hw
build/reference/sw
build/reference/sim
build/reference/dragoncage
```

```{toctree}
:hidden:
:caption: Decisions
:glob:

docs/decisions/*
```
"""


def modules(package):
    """Return the names of ``package`` and of all modules in it, but for programs."""
    inside = walk_packages(package.__path__, package.__name__ + ".")
    return [package.__name__, *(found.name for found in inside
                                if not found.name.endswith("__main__"))]


def write_pages(app):
    """Write a page for each module, which autodoc fills."""
    folder = Path(app.srcdir, "build", "reference")
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.rst"):
        old.unlink()
    names = [name for package in PACKAGES.values() for name in modules(package)]
    for name in names:
        parts = [f"   {part}" for part in names if part.rpartition(".")[0] == name]
        folder.joinpath(f"{name}.rst").write_text(PAGE.format(
            name=name, line="=" * len(name), parts="\n".join(parts),
            options=":ignore-module-all:" if parts else ""), encoding="utf-8")


def add_contents(app, page, source):
    """Append the contents of the site to its first page."""
    if page == root_doc:
        source[0] += CONTENTS


def numpy_sections(app, what, name, object, options, lines):
    """Turn the sections of a docstring into what Sphinx reads.

    A sentence about an attribute is none: up to its first colon it would be taken for a type.
    """
    if lines and lines[0].startswith("Alias for field number"):
        lines.clear()  # what Python says of the fields of every named tuple
    elif what not in ("attribute", "data", "property"):
        lines[:] = NumpyDocstring(lines, SECTIONS, app, what, name, object, options).lines()


def signatures(app, what, name, object, options, signature, returned):
    """Show the parameters of a component, and leave out what makes a default (``<factory>``)."""
    if what == "class" and issubclass(object, Component):
        signature = stringify_signature(inspect.signature(object))
    return signature and signature.replace("<factory>", "..."), returned


def names_as_written(app, doctree):
    """Let the names in annotations be those of their module.

    Sphinx means to look for any name that ends in one if the annotation begins with a dot, and
    does so whatever it begins with: all names, three times for each ``int``.
    """
    for node in doctree.findall(pending_xref):
        if node.get("refspecific") is False:
            del node["refspecific"]


class ShortNames:
    """Links of references by a bare name, as code would understand it.

    Such a name is one that the module has, imported or not, or one that only one module has. What
    comes from elsewhere is named, and not linked.
    """

    def __init__(self):
        #: All names by their last part, for Sphinx compares each name with all that there are.
        self._by_last_part = {}

    def link(self, app, env, node, text):
        """Return the link of a reference to which Sphinx knows none; None if there is none."""
        target = node["reftarget"]
        if node.get("refdomain") != "py" or "." in target or target in vars(builtins):
            return None
        module = sys.modules.get(node.get("py:module"))
        owner  = getattr(vars(module).get(target), "__module__", None) if module else None
        if owner and owner.partition(".")[0] not in PACKAGES:
            return text
        domain = env.domains.python_domain
        names  = self._names(domain, target)
        if owner:
            target = f"{owner}.{target}"
            names  = [name for name in names if name == target]
        if len(names) != 1:
            return None
        [target] = names
        links = (domain.resolve_xref(env, node["refdoc"], app.builder, role, target, node, text)
                 for role in (node["reftype"], "obj"))
        return next(filter(None, links), None)

    def _names(self, domain, last_part):
        """Full names in the documentation that end in one."""
        if not self._by_last_part:
            for name in domain.objects:
                self._by_last_part.setdefault(name.rpartition(".")[2], []).append(name)
        return self._by_last_part.get(last_part, [])


class Navigation:
    """The navigation beside the pages of code, which is equal in folders that are equally deep.

    To make it anew for each of these pages, as Sphinx does, takes an eighth of the whole time.
    """

    def __init__(self):
        self._made = {}

    def share(self, app, page, template, context, doctree):
        """Let a page of code have what another has."""
        if page.startswith("_modules/"):
            make = context["toctree"]

            def toctree(**options):
                key = (page.count("/"), *sorted(options.items()))
                if key not in self._made:
                    self._made[key] = make(**options)
                return self._made[key]

            context["toctree"] = toctree


def setup(app):
    """Register the functions above."""
    app.connect("builder-inited", write_pages)
    app.connect("source-read", add_contents)
    app.connect("autodoc-process-docstring", numpy_sections)
    app.connect("autodoc-process-signature", signatures)
    app.connect("doctree-read", names_as_written)
    app.connect("missing-reference", ShortNames().link)
    app.connect("html-page-context", Navigation().share)
