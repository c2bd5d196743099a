"""The packages that a page has with it."""

import io
import subprocess
import sys
import zipfile

import pytest

from sim.lab.packages import archive


#: All that a page asks for, and what it imports for a request alone.
PLAYER = "import sim.cli.requests, sim.lab.player, sim.lab.saved, sim.lab.scripts, sim.lab.vectors"


@pytest.mark.slow
def test_rooms_that_no_player_imports_are_left_out():
    loaded = subprocess.run(
        [sys.executable, "-c", f"import sys; {PLAYER}; print(*sys.modules)"],
        capture_output=True, text=True, check=True).stdout.split()
    with zipfile.ZipFile(io.BytesIO(archive())) as packed:
        carried = {name.split("/")[1] for name in packed.namelist()
                   if name.startswith("sim/") and name.count("/") > 1}
    assert carried == {
        name.split(".")[1] for name in loaded if name.startswith("sim.") and name.count(".") > 1}
