"""Runs on a terminal, and as JSON."""

import io
import json

import pytest

from sim.record.verdict import Verdict
from sim.scenario.failure import Failure
from sim.scenario.json import as_json
from sim.scenario.report import Report, as_text, wants_colour
from sim.scenario.run import Run
from sim.scenario.acts import Act, Claim, Step


LONG = "a text of many words that will not fit into one line of a terminal, and so is wrapped"

FAILURE = Failure("kernel oops: BUG: unable to handle page fault\nsecond line", 4999,
                  ("sys_write", "mem_rw"),
                  ("cycle 4985: the walker's locked read of physical 0x2000",
                   "cycle 4990: kernel read of 0x1000: #PF, error code 0x3"))


def run(*verdicts, failure=None, text="it is so"):
    """A run of one act that claims one thing for each verdict."""
    act = Act(10, 20, title="The act", entries=[Step("something was done", 12)])
    for verdict in verdicts:
        act.entries.append(Claim(text, *verdict._replace(cpu=0)))
    return Run("story", "A story", "4level", "pysim", "6.x", ram=16 << 20, cycles=5000,
               seconds=2.0, acts=[act], failure=failure)


YES = Verdict(True, 15, "seen")
NO  = Verdict(False, None, "there was no such access")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_claim_is_shown_with_the_cycle_that_proves_it():
    text = as_text(run(YES))
    assert "1. The act\n   - something was done\n   ok     it is so [cycle 15: seen]\n" in text
    assert "ok: 1 of 1 claims hold; 5,000 cycles in 2.0 s (2,500 cycles/s)" in text


def test_a_claim_that_does_not_hold_stands_out():
    text = as_text(run(YES, NO))
    assert "   FAILED it is so [there was no such access]\n" in text
    assert "FAILED: 1 of 2 claims hold" in text


def test_a_claim_that_does_not_hold_says_what_was_expected():
    lacking = NO._replace(expected="a user write of 0x1000 that ends in #PF")
    text    = as_text(run(YES._replace(expected="something"), lacking))
    assert ("   FAILED it is so [there was no such access]\n"
            "          expected: a user write of 0x1000 that ends in #PF\n") in text
    assert text.count("expected") == 1
    [played] = json.loads(as_json([run(lacking)]))["runs"]
    assert played["acts"][0]["claims"][0]["expected"] == lacking.expected


@pytest.mark.parametrize("ram, said", [(16 << 20, "16 MiB of memory"), (128 << 10, "128 KiB")])
def test_the_report_says_how_much_memory_there_is(ram, said):
    played     = run(YES)
    played.ram = ram
    assert f"on pysim, a unit of its own, {said}" in as_text(played)


def test_a_run_that_stopped_says_where():
    text = as_text(run(YES, failure=FAILURE))
    assert "STOPPED in cycle 4999\n   kernel oops: BUG: unable to handle page fault\n" in text
    assert "   in sys_write > mem_rw\n" in text
    assert "      cycle 4990: kernel read of 0x1000: #PF, error code 0x3\n" in text
    assert "STOPPED: 1 of 1 claims hold" in text


@pytest.mark.parametrize("failure", [None, FAILURE])
def test_no_line_is_longer_than_80_columns(failure):
    text = as_text(run(YES._replace(detail=LONG), failure=failure, text=LONG))
    assert max(map(len, text.splitlines())) <= 80
    assert LONG in " ".join(text.split())


def test_colour_changes_nothing_but_colour():
    coloured = as_text(run(YES, NO, failure=FAILURE), colour=True)
    for code in ("\x1b[32m", "\x1b[1;31m", "\x1b[1m", "\x1b[0m"):
        assert code in coloured
        coloured = coloured.replace(code, "")
    assert coloured == as_text(run(YES, NO, failure=FAILURE))


@pytest.mark.parametrize("stream, no_colour, wants", [
    (Terminal(),    None, True),
    (Terminal(),    "1",  False),
    (Terminal(),    "",   True),    # the convention: not empty
    (io.StringIO(), None, False),
])
def test_colour_is_for_terminals_without_no_color(monkeypatch, stream, no_colour, wants):
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_colour is not None:
        monkeypatch.setenv("NO_COLOR", no_colour)
    assert wants_colour(stream) == wants


def test_json_has_everything():
    document = json.loads(as_json([run(YES, NO, failure=FAILURE)]))
    assert document["schema"] == 1
    [played] = document["runs"]
    assert {key: played[key] for key in ("scenario", "mode", "engine", "era", "cycles", "holds")} \
        == {"scenario": "story", "mode": "4level", "engine": "pysim", "era": "6.x",
            "cycles": 5000, "holds": False}
    [act] = played["acts"]
    assert (act["title"], act["since"], act["until"]) == ("The act", 10, 20)
    assert act["steps"] == [{"text": "something was done", "cycle": 12}]
    assert act["claims"][1] == {"text": "it is so", "holds": False, "cycle": None,
                                "detail": "there was no such access", "expected": None,
                                "linear": None, "place": 19, "judged": 0, "cpu": 0, "walk": None}
    assert played["failure"]["stack"] == ["sys_write", "mem_rw"]
    assert (played["ram"], played["mistake"], document["mistakes"]) == (16 << 20, None, [])


def test_a_run_that_did_not_stop_has_no_failure_in_json():
    [played] = json.loads(as_json([run(YES)]))["runs"]
    assert played["holds"] and played["failure"] is None


def test_what_a_machine_has_counted_is_said():
    finished = run(YES)
    assert "counted there" not in as_text(finished)
    assert json.loads(as_json([finished]))["runs"][0]["counted"] is None
    finished.counted = {"cycles": 5000, "page_faults": 2}
    assert "\ncounted there: 5,000 cycles, 2 page faults\n" in as_text(finished)
    assert json.loads(as_json([finished]))["runs"][0]["counted"] == finished.counted


def test_what_went_wrong_on_a_link_is_said():
    finished = run(YES)
    assert json.loads(as_json([finished]))["runs"][0]["link"] is None
    finished.link = {"requests": 900, "repeated": 0, "frames": 5000, "broken": 0, "unwanted": 0}
    assert "the serial link" not in as_text(finished)
    finished.link |= {"repeated": 1200, "broken": 7, "unwanted": 2, "echoed": 1}
    assert ("\nthe serial link: 1,200 frames sent again, 7 came broken, 2 came twice or too"
            "\n   late, 1 came back\n") in as_text(finished)
    assert json.loads(as_json([finished]))["runs"][0]["link"] == finished.link


def test_a_text_cannot_move_the_terminal_s_cursor():
    text = as_text(run(YES, text="red \x1b[31m, bell \x07, \x9b2J, a\ttab"))
    assert r"red \x1b[31m, bell \x07, \x9b2J, a tab" in " ".join(text.split())


def test_parts_are_the_whole():
    played = run(YES, NO)
    report = Report()
    assert as_text(played) == "\n".join([
        report.head(played), report.act(1, played.acts[0]), report.end(played)])


def test_a_claim_that_does_not_hold_says_how_to_look():
    command = "dragoncage walk 0x1000 " + "--set unit.smap=0 " * 9 + "--at 15"
    text    = Report(look=lambda claim, place: command).act(1, run(YES, NO).acts[0])
    # It is one line, to be copied.
    assert text.count("look: ") == 1 and f"\n          look: {command}\n" in text


def test_the_report_says_what_is_otherwise():
    played = run(YES)
    played.preset, played.switches, played.force_override = "tiny", "unit.smap=0", "ptrace"
    text = as_text(played)
    assert "kernel 6.x, force_override=ptrace, on pysim, preset tiny" in text
    assert "\nwith unit.smap=0\n" in text
    [document] = json.loads(as_json([played]))["runs"]
    assert (document["switches"], document["force_override"]) == ("unit.smap=0", "ptrace")


def test_on_a_terminal_the_verdict_of_a_claim_leads_to_its_address():
    def link(act, number, place):
        return f"file:///page.html#claim={act}.{number}" if number != 2 else ""

    act    = run(YES, NO, YES).acts[0]
    linked = Report(colour=True, link=link).act(3, act)
    for number in 1, 3:
        assert f"\x1b]8;;file:///page.html#claim=3.{number}\x1b\\ok\x1b]8;;\x1b\\" in linked
    assert linked.count("\x1b]8;;\x1b\\") == 2
    assert Report(link=link).act(3, act) == Report().act(3, act)
