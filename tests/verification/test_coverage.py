"""Coverage counts what was hit, says what was not, and why something cannot be."""

import itertools
from dataclasses import replace

import pytest

from hw.config import MmuConfig
from hw.presets import PRESETS
from sim.coverage.bins import Coverage, Coverpoint
from sim.verification.coverpoints import coverpoints


def coverage():
    """Four bins, of which one cannot be."""
    return Coverage.of([Coverpoint("lamps", "The lamp, and its state.",
                              tuple(itertools.product(("red", "blue"), ("off", "on"))),
                              lambda lamp, state: "it is broken" if lamp + state == "blueon"
                              else None)])


def test_a_bin_is_missing_until_it_is_hit():
    counted = coverage()
    assert counted.holes == ["lamps: red off", "lamps: red on", "lamps: blue off"]
    counted.hit("lamps", "red", "on")
    assert counted.holes == ["lamps: red off", "lamps: blue off"]
    assert counted.summary == "1 of 3 bins hit (33%)"


def test_a_bin_that_cannot_be_is_not_missing_but_its_hit_is_illegal_hits():
    counted = coverage()
    assert counted.illegal_hits() == []
    counted.hit("lamps", "blue", "on")
    counted.hit("lamps", "green", "on")
    counted.hit("doors", "open")
    assert counted.illegal_hits() == ["lamps: 'blue on' was hit, but: it is broken",
                               "lamps: there is no bin 'green on'", "doors: there is no bin 'open'"]


def test_hits_of_several_runs_add_up(tmp_path):
    one, other = coverage(), coverage()
    one.hit("lamps", "red", "on")
    one.save(tmp_path / "one.json")
    other.hit("lamps", "red", "on")
    other.load(tmp_path / "one.json")
    assert other.hits == {("lamps", ("red", "on")): 2}


def test_the_report_names_what_is_missing_and_what_cannot_be():
    counted = coverage()
    counted.hit("lamps", "red", "on")
    assert counted.report("A run").splitlines() == [
        "A run",
        "",
        "lamps                   1 of 3     33%          1 hits",
        "    The lamp, and its state.",
        "    least: blue off, 0 times",
        "    MISSING: red off",
        "    MISSING: blue off",
        "    cannot be: 1 bin; it is broken",
        "",
        "1 of 3 bins hit (33%)",
    ]


@pytest.mark.parametrize("preset, features", [
    *((preset, {}) for preset in PRESETS), ("default", {"pae": True, "la57": True}),
])
def test_every_configuration_has_bins_and_its_report_fits_a_terminal(preset, features):
    counted = Coverage.of(coverpoints(replace(PRESETS[preset], **features)))
    for coverpoint in counted.coverpoints.values():
        bins = coverpoint.bins
        assert len(set(bins)) == len(bins)
        assert all(reason for reason in map(coverpoint.impossible, *zip(*bins, strict=True))
                   if reason is not None)
    assert all(len(line) <= 80 for line in counted.report(preset).splitlines())


#: Features that a unit lacks, and a bin that it then cannot reach.
LACKING = {
    "pse":            ("pages", ("32-bit", "4M", "read")),
    "pge":            ("control bits", ("32-bit", "PGE=1")),
    "nx":             ("NX", ("NXE=1", "XD=1", "user", "fetch")),
    "smep":           ("SMEP", ("SMEP=1", "U/S=1", "supervisor")),
    "smap":           ("SMAP", ("SMAP=1", "AC=0", "U/S=1", "supervisor", "read")),
    "pku":            ("key rights", ("PKRU", "AD=1", "WD=0", "WP=1", "user", "read")),
    "pks":            ("key rights", ("PKRS", "AD=0", "WD=1", "WP=1", "supervisor", "write")),
    "gigabyte_pages": ("pages", ("4-level", "1G", "read")),
    "pae":            ("PDPTEs", ("CR4", "refused")),
    "la57":           ("upper flags", ("5-level", "PML5E", "A=0", "done")),
}


@pytest.mark.parametrize("feature", LACKING)
def test_a_unit_that_lacks_a_feature_cannot_reach_its_bins(feature):
    name, bin_ = LACKING[feature]
    for present in (True, False):
        coverpoint, = (coverpoint for coverpoint in coverpoints(MmuConfig(**{feature: present}))
                       if coverpoint.name == name)
        assert (coverpoint.impossible(*bin_) is None) is present
