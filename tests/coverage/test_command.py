"""`dragoncage coverage`: a table, every bin of a rule, a stimulus again, JSON, a page."""

import json
import re
from contextlib import nullcontext

import pytest

from hw.presets import PRESETS
from sim.cli import coverage
from sim.cli.main import main
from sim.coverage import campaign
from sim.coverage.report import as_text
from sim.vectors.parser import parse


QUICK = ["coverage", "--rule", "30", "--rule", "31", "--accesses", "20", "--jobs", "1"]


@pytest.mark.slow
def test_a_campaign_prints_a_table_and_each_bin_with_its_first_hit(capsys):
    assert main(QUICK) == 0
    out = capsys.readouterr().out
    assert re.search(r"^ +30  PSE-36 ends at M +17 +17 +0 +\d+$", out, re.MULTILINE)
    assert re.search(r"^bit 21, reserved +\d+ +\d+\.0 +\d+$", out, re.MULTILINE)
    assert "19 of 19 bins hit (100 %)" in out


@pytest.mark.slow
def test_it_goes_on_until_every_bin_was_hit(monkeypatch, capsys):
    monkeypatch.setattr(coverage, "workers_of", lambda args: nullcontext(campaign.Here()))
    assert main(["coverage", "--preset", "classic", "--seed", "7", "--until-closed"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("coverage of the unit classic, seed 7\n")
    assert "453 of 453 bins hit (100 %)" in out


@pytest.mark.slow
def test_bins_that_were_not_hit_are_named_and_the_status_tells_of_them(monkeypatch, capsys):
    monkeypatch.setattr(campaign, "hits_of", lambda model, run: iter(()))
    monkeypatch.setattr(coverage, "workers_of", lambda args: nullcontext(campaign.Here()))
    assert main(["coverage", "--rule", "30", "--accesses", "1"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "not hit: rule 30, PSE-36: bit 13, address; " in out and "and 9 more" in out
    assert "0 of 17 bins hit (0 %)" in out


def test_of_thousands_of_differences_the_first_are_told_and_how_many_more_there_are():
    differences = [(campaign.Aim(number, 0), "so") for number in range(2000)]
    done = campaign.Campaign(PRESETS["full"], 1, [], differences=differences)
    text = as_text(done, "full", [], 1.0, chosen=False)
    assert text.count("DIFFERENCE: stimulus") == 8
    assert "\n... and 1,992 more differences; --json has them all\n" in text


@pytest.mark.slow
def test_json_and_the_page_have_the_same_and_vectors_can_be_run(tmp_path, capsys):
    file = tmp_path / "coverage.html"
    assert main([*QUICK, "--json", "--html", str(file)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["bins"], found["hit"], found["differences"]) == (19, 19, [])
    point, = found["rules"][0]["coverpoints"]
    assert [bin_["values"] for bin_ in point["bins"]][:2] == [["bit 13", "address"],
                                                             ["bit 13", "reserved"]]
    vectors = [found["vectors"][bin_["first"]["stimulus"]] for bin_ in point["bins"]]
    # Lines have no compare-exchange.
    lines = [vector for vector in vectors if vector is not None]
    assert len(lines) > 8
    for line in lines:
        assert parse(1, line).id == json.loads(line)["id"]
    page = file.read_text(encoding="utf-8")
    data = re.search(r'id="document">(.*?)</script>', page, re.DOTALL)[1]
    assert {key: value for key, value in json.loads(data).items() if key in found} == found
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.slow
def test_a_stimulus_is_carried_out_again_and_tells_its_hits(capsys):
    assert main(["coverage", "--stimulus", "2432.0"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("stimulus 2432.0, seed 1: aimed at rule ")
    assert "    hits " in out and "The golden model does the same." in out
    line = out.splitlines()[-1]
    assert parse(1, line).id == "2432.0"


@pytest.mark.parametrize("arguments, complaint", [
    (["--rule", "38"], '"38" is not a whole number from 1 to 37'),
    (["--stimulus", "7"], 'write BIN.TRY, as a report has it, such as 1042.0'),
    (["--stimulus", "9999.0"], "this unit has 3,464 bins"),
    (["--stimulus", "1.0", "--rule", "3"], "--rule is about a campaign"),
    (["--stimulus", "1.0", "--json"], "--json is about a campaign"),
    (["--rule", "30", "--preset", "classic"], "can reach no bin of these rules"),
    (["--set", "kernel.wp=0"], "this command has nothing for kernel.wp"),
    (["--set", "unit.long_mode=0"], "gigabyte_pages needs long_mode"),
    (["--set", "unit.maxphyaddr=52"], "each stimulus has a width of physical addresses of its own"),
    (["--html", "/nowhere/page.html"], "there is no folder /nowhere"),
])
def test_a_mistake_is_one_line(arguments, complaint, capsys):
    assert main(["coverage", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and complaint in err and err.count("\n") == 1
