"""Labs for tests: whole ones, and one without compiled machines."""

import gzip
import io
import zipfile

from sim.lab.make import MACHINES, PACKAGES, write_file, write_folder


__all__ = ["make", "without_machines"]


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
