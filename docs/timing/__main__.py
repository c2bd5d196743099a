"""Makes the timing diagrams anew: ``python -m docs.timing``.

Each is written beside this file as WaveJSON, which is what a run showed, and as SVG, which the
package ``wavedrom`` draws of it.
"""

import json
from pathlib import Path

from .diagrams import drawn, wavejson
from .stories import DIAGRAMS


FOLDER = Path(__file__).parent

for name, diagram in DIAGRAMS.items():
    made = wavejson(diagram)
    FOLDER.joinpath(f"{name}.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    FOLDER.joinpath(f"{name}.svg").write_text(drawn(made), encoding="utf-8")
