"""The code of guests: its bytes are what its source says, and offsets are where Python has them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sim.oracles import image, layout, qemu


FOLDER = Path(image.__file__).parent


def assembled(source, folder, *options):
    code = folder / "code"
    subprocess.run(["g++", "-c", "-x", "assembler-with-cpp", *options, FOLDER / source,
                    "-o", code.with_suffix(".o")], check=True)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", code.with_suffix(".o"), code],
                   check=True)
    return code.read_bytes()


ASSEMBLER = pytest.mark.skipif(shutil.which("g++") is None or shutil.which("objcopy") is None,
                               reason="needs an assembler for x86-64")


@ASSEMBLER
@pytest.mark.parametrize("long, options", [(True, ["-m64"]), (False, ["-m32", "-DLEGACY"])],
                         ids=["long mode", "legacy"])
def test_the_bytes_of_the_guest_are_those_of_its_source(long, options, tmp_path):
    assert assembled("guest.S", tmp_path, *options) == image.ASSEMBLED[long]


@ASSEMBLER
def test_the_bytes_of_the_boot_code_are_those_of_its_source(tmp_path):
    assert assembled("boot.S", tmp_path, "-m32") == qemu.BOOT_CODE


def offsets_of(source):
    found = re.findall(r"\.set (\w+), +(0x[0-9a-f]+|\d+)\b", (FOLDER / source).read_text())
    return {name: int(value, 0) for name, value in found}


def test_the_source_has_everything_where_the_layout_has_it():
    offsets = offsets_of("guest.S")
    for name in ("GO", "GDTR", "IDTR", "HOME", "STACK", "GATES", "STEPS", "OUTCOMES", "DONE"):
        assert offsets[name] == getattr(layout, name)
    assert offsets["STEP"] == layout.STEP_BYTES == 2 * layout.OUTCOME_BYTES
    assert offsets_of("boot.S")["REGION"] == layout.REGION


@pytest.mark.parametrize("mode", [*layout.LONG, *layout.LEGACY], ids=lambda mode: mode.name)
def test_the_code_fits_where_it_is_put(mode):
    assert len(image.ASSEMBLED[mode.long]) <= layout.USER_CODE
    assert len(image.region(mode)) == layout.STEPS
