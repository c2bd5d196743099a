"""The lab's player: what it tells of a request, on this computer as in a page."""

import json
from importlib.resources import files

import pytest

import hw.presets
import sim.lab.untouched
from sim.cli.requests import perform
from sim.lab.choices import offered


EXAMPLES = {scenario["name"]: scenario["text"] for scenario in offered()["scenarios"]
            if scenario["text"] is not None}

REFUSED = EXAMPLES["refused"]


@pytest.fixture(autouse=True)
def _a_new_interpreter():
    """The code is as it is now, as in a page that was just opened."""
    sim.lab.untouched._beginning.cache_clear()


def told(**request):
    """The messages of a run on a small unit, and whether another one can follow."""
    heard = []
    again = perform(json.dumps({"do": "play", "preset": "tiny", **request}),
                    lambda text: heard.append(json.loads(text)))
    return heard, again


@pytest.mark.slow
def test_a_run_is_told_from_its_begin_to_its_document():
    heard, again = told(scenario="refused", text=REFUSED)
    assert [message["kind"] for message in heard] == ["begun", "act", "acted", "drawing", "ended"]
    assert heard[0] == {"kind": "begun", "engine": "cxxrtl", "remark": None}
    assert heard[2]["act"]["claims"][0]["holds"]
    assert heard[-1]["document"]["run"]["acts"] == [heard[2]["act"]]
    assert again


@pytest.mark.slow
def test_a_text_that_changes_our_code_is_the_last_one_that_it_serves(monkeypatch):
    changing = REFUSED.replace("MODES", "import hw.presets\nhw.presets.ADDED = 1\nMODES", 1)
    monkeypatch.setattr(hw.presets, "ADDED", 0, raising=False)
    heard, again = told(scenario="refused", text=changing)
    assert heard[-1]["document"]["run"]["holds"]
    assert not again


@pytest.mark.parametrize("text, line, reason", [
    (REFUSED.replace("await user.load(page)", "1/0"), 13, "ZeroDivisionError: division by zero"),
    ("1/0\n",                                          1,  "ZeroDivisionError: division by zero"),
    ("async def play(stage)\n    pass\n",              1,  "SyntaxError: expected ':'"),
])
@pytest.mark.slow
def test_a_mistake_is_told_with_its_line(text, line, reason):
    heard, again = told(scenario="mine", text=text)
    assert heard[-1]["kind"] == "mistake"
    assert (heard[-1]["line"], heard[-1]["reason"]) == (line, reason)
    assert again


@pytest.mark.parametrize("request_, reason", [
    ({"scenario": "nobody"},                     'there is no scenario "nobody"'),
    ({"mode": "6level"},                         'there is no mode "6level"'),
    ({"mode": "5level"},                         'scenario "refused" has no mode 5level'),
    ({"preset": "huge"},                         'there is no preset "huge"'),
    ({"era": "3.x"},                             'there is no era "3.x"'),
    ({"era": "6.x", "force_override": "maybe"},  'there is no policy "maybe"'),
    ({"era": "5.x", "force_override": "always"}, "since 6.12; choose the era 6.x"),
    ({"switches": ["kernel.no=1"]},              "all are listed below"),
    ({"mode": "4level", "preset": "tiny"},       "4level"),
], ids=str)
def test_what_there_is_not_is_refused_in_a_line(request_, reason):
    text = None if "scenario" in request_ else REFUSED
    [message], again = told(**{"scenario": "refused", "text": text} | request_)
    assert message["kind"] == "refused"
    assert reason in message["reason"]
    assert again


def test_vectors_of_which_there_are_none_agree_in_nothing():
    heard = []
    assert perform(json.dumps({"do": "access", "text": ""}), heard.append)
    assert json.loads(heard[0])["kind"] == "refused"
    assert len(heard) == 1


def test_the_examples_are_those_of_the_documentation():
    told_ = files("docs").joinpath("scenarios.md").read_text(encoding="utf-8") + files(
        "docs").joinpath("../README.md").read_text(encoding="utf-8")
    assert [name for name, text in EXAMPLES.items() if f"```python\n{text}```" not in told_] == []
    assert len(EXAMPLES) == 5
