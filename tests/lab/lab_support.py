"""Labs for tests: whole ones, and one without compiled machines; and what this computer plays."""

import gzip
import io
import json
import zipfile

from hw.presets import PRESETS
from sim.cli.requests import perform
from sim.lab.choices import offered
from sim.lab.make import MACHINES, PACKAGES, write_file, write_folder


__all__ = ["CHOICES", "OTHERS", "TESTED", "assert_same_run", "make", "without_machines"]


CHOICES = offered()

#: Presets whose machines are compiled for tests, for half a minute each: those that scenarios are
#: played on if nobody chooses. ``python -m tests.lab`` compiles and plays the others too.
TESTED = {name: PRESETS[name] for name in ("default", "full")}
OTHERS = [preset for preset in CHOICES["presets"] if preset["name"] not in TESTED]


def make(folder, found):
    """Make a lab of its parts: ``folder``, for a web server, and ``lab.html``, one file."""
    (folder / "folder").mkdir(parents=True, exist_ok=True)
    write_folder(folder / "folder", found)
    write_file(folder / "lab.html", found)
    return folder


def without_machines(found):
    """The parts as they are made where there is no em++."""
    made = io.BytesIO()
    with (zipfile.ZipFile(io.BytesIO(gzip.decompress(found[PACKAGES]))) as packed,
          zipfile.ZipFile(made, "w") as bare):
        for file in packed.infolist():
            if not file.filename.startswith(f"{MACHINES}/"):
                bare.writestr(file, packed.read(file))
    return {**found, PACKAGES: gzip.compress(made.getvalue(), 1)}


def assert_same_run(someone, name, mode, preset):
    """Play a scenario in a page, and see that this computer has the same document of it."""
    someone.choose("Scenario", name)
    someone.choose("Paging mode", mode)
    someone.choose("Unit", preset or "")
    someone.run()
    expected = _native(name, mode, preset)
    *_, ended, over = someone.played()
    found = ended["document"]
    assert found["run"].pop("seconds") > 0
    assert found["run"]["holds"], (name, mode, preset)
    assert found["run"]["engine"] == "cxxrtl"
    expected["run"].pop("seconds")
    assert found == expected, (name, mode, preset)
    assert over == {"kind": "over", "again": True}


def _native(name, mode, preset):
    [scenario] = [each for each in CHOICES["scenarios"] if each["name"] == name]
    heard = []
    perform(json.dumps({"do": "play", "scenario": name, "text": scenario["text"], "mode": mode,
                        "preset": preset}),
            lambda text: heard.append(json.loads(text)))
    return heard[-1]["document"]
