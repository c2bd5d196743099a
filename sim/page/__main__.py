"""Make the table of the explorer anew: ``python -m sim.page``."""

import json

from sim.output.files import written

from .decisions import FILE, decisions


with written(FILE) as [file]:
    json.dump(decisions("cxxrtl"), file, separators=(",", ":"))
