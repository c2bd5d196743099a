"""The project as its users have it, installed, beside packages that have the names of ours."""

import os
import re
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path


__all__ = ["OTHERS", "ROOT", "STORY", "Installed", "bare", "environment", "foreign_package"]


ROOT = Path(__file__).parents[2]

#: Folders of the packages that the tests run with. Those installed to be edited are not found by
#: way of these.
OTHERS = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]

#: A scenario of a user's own, as the README shows one.
STORY = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"),
                  re.DOTALL)[1]


@dataclass(frozen=True)
class Installed:
    """An environment with the project in it, whose programs run in a ``folder`` of the user's."""

    python: Path
    folder: Path

    @property
    def script(self):
        """The command, as a program."""
        return self.python.with_name("dragoncage")

    def run(self, *command, **variables):
        """Run a program in the folder; return what has become of it."""
        return subprocess.run(command, cwd=self.folder, env=environment(**variables), text=True,
                              capture_output=True, check=False)

    def ask(self, code):
        """Return what a piece of Python prints."""
        done = self.run(self.python, "-c", code)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def environment(**variables):
    """Environment variables, of which none leads to a checkout."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**others, **variables}


def bare(folder, *paths):
    """Make an environment whose packages are those in ``paths``; return its Python."""
    venv.create(folder, symlinks=True)
    [packages] = folder.glob("lib/python*/site-packages")
    (packages / "others.pth").write_text("".join(f"{path}\n" for path in paths))
    return folder / "bin/python"


def foreign_package(folder, name, text="raise RuntimeError('this is not of dragoncage')\n"):
    """Write a package of somebody else's, which by default cannot be imported."""
    file = folder / name / "__init__.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
