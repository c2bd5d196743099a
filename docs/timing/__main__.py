"""Makes the timing diagrams anew: ``python -m docs.timing``.

Each is written beside this file as WaveJSON, which is what a run showed, and as SVG, which the
package ``wavedrom`` (the extra ``timing``) draws of it.
"""

import json
from pathlib import Path
from typing import Any

try:
    import wavedrom
except ModuleNotFoundError as error:
    raise SystemExit("docs.timing: the drawings need wavedrom: "
                     "pip install --use-pep517 -e '.[timing]'") from error

from .diagrams import wavejson
from .registry import DIAGRAMS


FOLDER = Path(__file__).parent


def drawn(diagram: dict[str, Any]) -> str:
    """Return WaveJSON as SVG, on white: where it is shown, all else may be dark."""
    drawing = wavedrom.render(json.dumps(diagram))
    drawing.elements.insert(0, drawing.rect(size=("100%", "100%"), fill="white"))
    return drawing.tostring()


for name, diagram in DIAGRAMS.items():
    made = wavejson(diagram)
    FOLDER.joinpath(f"{name}.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    FOLDER.joinpath(f"{name}.svg").write_text(drawn(made), encoding="utf-8")
