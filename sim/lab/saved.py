"""Files of a run for a visitor to keep: as `dragoncage run` writes them.

The run is played once more for them: it is the same in every cycle, and most runs are only looked
at.
"""

import base64
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.errors import Unsuited
from sim.output.files import FileTrouble
from sim.perfetto.export import PerfettoExport
from sim.scenario.json import as_json
from sim.scenario.run import Run

from .choices import chosen_scenario
from .player import Tell, perform


__all__ = ["save"]


def save(request: Mapping[str, Any], folder: Path, tell: Tell) -> None:
    """Play what a ``request`` wants, as :func:`.lab.player.play` does, and tell it as a file.

    Its ``export`` is "waves", "perfetto" or "json". The message is of the kind ``file``: its
    ``name``, its ``type``, and its ``content`` in base64.
    """
    scenario = chosen_scenario(request, folder)
    match request.get("export"):
        case "waves":
            run = perform(scenario, request, tell, waves=folder)
            _tell(tell, run, ".zip", "application/zip", _zipped(folder, _waves(run)))
        case "perfetto":
            trace = folder / "trace"
            run   = perform(scenario, request, tell, [PerfettoExport(trace)])
            if "perfetto" in run.unwritten:
                raise FileTrouble(run.unwritten["perfetto"])
            _tell(tell, run, ".pftrace", "application/octet-stream", trace.read_bytes())
        case "json":
            run = perform(scenario, request, tell)
            _tell(tell, run, ".json", "application/json", as_json([run]).encode())
        case other:
            raise Unsuited(f'there is no file "{str(other)[:40]}" of a run')


def _waves(run: Run) -> Path:
    """The folder of a waveform."""
    if run.waves is None:
        raise FileTrouble(run.unwritten["waves"])
    return run.waves


def _tell(tell: Tell, run: Run, ending: str, kind: str, content: bytes) -> None:
    name = f"{run.scenario}-{run.mode}-{run.era}{ending}"
    tell({"kind": "file", "name": name, "type": kind,
          "content": base64.b64encode(content).decode("ascii")})


def _zipped(root: Path, folder: Path) -> bytes:
    """A folder as an archive in which names begin with its own."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(folder.iterdir()):
            packed.write(file, file.relative_to(root))
    return made.getvalue()
