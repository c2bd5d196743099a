"""Types of the kernel and of all that runs it; pyproject.toml names what cannot be checked."""

import subprocess
import sys
from pathlib import Path

import pytest


ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_mypy_finds_nothing(tmp_path):
    done = subprocess.run([sys.executable, "-m", "mypy", f"--cache-dir={tmp_path}"], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    *found, _summary = done.stdout.splitlines()
    assert (done.returncode, found) == (0, [])
