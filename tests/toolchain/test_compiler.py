"""The C++ compiler that is used."""

import pytest

from sim.toolchain.compiler import CXX, cxx


@pytest.mark.parametrize("installed, used", [
    (("clang++", "g++"), "clang++"),
    (("clang++",),       "clang++"),
    (("g++",),           "g++"),
])
def test_the_preferred_compiler_is_used_where_it_is_installed(
    installed, used, tmp_path, monkeypatch,
):
    assert set(installed) <= set(CXX)
    for name in installed:
        (tmp_path / name).write_text(f"#!/bin/sh\necho {name} 1.0\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cxx(who="a test") == (str(tmp_path / used), f"{used} 1.0\n")
