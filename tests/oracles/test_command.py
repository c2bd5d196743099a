"""`dragoncage compare`."""

import json

import pytest

from sim.cli.main import main
from sim.vectors.engines import VECTOR_ENGINES

from .oracle_support import NEEDS, SEEDED


PUNCH = {
    "id": "punch", "cr0": "0x80000011", "cr3": "0x201000", "cr4": "0x20", "efer": "0x500", "ac": 0,
    "cpl": 0, "access": {"kind": "write", "linear": "0x40605008", "size": 4},
    "entries": [["0x201000", "0x202007"], ["0x202008", "0x203007"], ["0x203018", "0x204007"],
                ["0x204028", "0x205005"]],
}


@pytest.fixture
def vectors(tmp_path):
    file = tmp_path / "vectors.jsonl"
    far  = PUNCH | {"id": "far", "entries": [["0xffff000000000", "0x7"]], "maxphyaddr": 52}
    file.write_text("".join(json.dumps(line) + "\n" for line in (PUNCH, far)))
    return file


@pytest.mark.slow
@pytest.mark.parametrize("name", SEEDED)
def test_it_tells_what_agrees_and_why_a_vector_was_left_out(name, vectors, capsys):
    assert main(["compare", str(vectors), "--with", name]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{name}: ") and "Paging: 4-level" in told
    assert "2 vectors, 1 compared: 1 agree, 0 differ" in told
    assert "the guest has no memory for an entry" in told
    assert max(map(len, told.splitlines())) <= 80


@pytest.mark.slow
@NEEDS["qemu"]
def test_its_document_and_its_file_have_every_outcome(vectors, tmp_path, capsys):
    results = tmp_path / "results.jsonl"
    command = ["compare", str(vectors), "--with", "qemu", "--json", "--save", str(results)]
    assert main(command) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["vectors"], document["agreed"], document["differed"]) == (2, 1, 0)
    header, punch, far = map(json.loads, results.read_text().splitlines())
    assert header["oracle"] == "qemu" and header["version"] == document["version"]
    assert punch["vector"]["entries"] == PUNCH["entries"]
    assert punch["ours"] == punch["oracle"]
    assert punch["oracle"]["physical"] == "0x205008"
    assert "no memory" in far["oracle"]["error"]


@pytest.mark.slow
@pytest.mark.parametrize("engine", VECTOR_ENGINES)
@pytest.mark.parametrize("name", SEEDED)
def test_random_vectors_are_compared_on_all_engines(name, engine, capsys):
    command = ["compare", "--random", "40", "--seed", "3", "--with", name, "--engine", engine]
    assert main([*command, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["vectors"], document["differed"]) == (40, 0)
    assert "4-level" in document["modes"]
    if name == "qemu":
        assert set(document["modes"]) == {"4-level", "5-level", "32-bit", "PAE"}


@pytest.mark.parametrize("words, complaint", [
    (["--with", "qemu"], "compare takes a FILE of vectors, or --random N"),
    (["file", "--random", "3", "--with", "qemu"], "compare takes a FILE of vectors, or --random N"),
    (["--random", "0", "--with", "qemu"], "--random takes a number from 1 on"),
    (["file", "--seed", "3", "--with", "qemu"], "--seed is that of --random"),
], ids=["neither", "both", "none", "a seed for nothing"])
def test_a_mistake_is_one_line(words, complaint, capsys):
    assert main(["compare", *words]) == 2
    assert complaint in capsys.readouterr().err


@NEEDS["qemu"]
def test_a_line_that_is_no_vector_is_named(tmp_path, capsys):
    file = tmp_path / "vectors.jsonl"
    file.write_text("{}\n")
    assert main(["compare", str(file), "--with", "qemu"]) == 2
    assert f"{file}: line 1: " in capsys.readouterr().err


def test_an_oracle_that_is_not_there_is_named(vectors, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["compare", str(vectors), "--with", "qemu"]) == 2
    assert "qemu-system-x86_64 is not installed" in capsys.readouterr().err
