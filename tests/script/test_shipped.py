"""The scripts that come with the project: as expected, and alike on the model and on Linux."""

import pytest

from sim.script import SCRIPTS, recorded
from sim.script.compare import differences
from sim.script.parser import load
from sim.script.model import on_model
from sim.script.runs import here, lacking, steady

from .script_support import LINUX


FILES = sorted(SCRIPTS.rglob("*.toml"))

EACH_FOLDER = pytest.mark.parametrize("folder", sorted({file.parent for file in FILES}),
                                      ids=lambda folder: folder.name)


#: The kernel of this machine is the recorded one, so that all is as the scripts expect.
HERE = all(f'"kernel": "{here()}"' in file.read_text() for file in SCRIPTS.rglob(recorded.NAME))


def scripts_in(folder):
    """Scripts of a folder."""
    return [load(file) for file in sorted(folder.glob("*.toml"))]


def as_expected(outcomes):
    """Nothing has failed."""
    return not any(outcome.failed for outcome in outcomes)


def told(script, outcomes):
    """List the failures, each with its script and line."""
    return [f"{script.name}:{step.line}: {failure}"
            for step, outcome in zip(script.steps, outcomes, strict=True)
            for failure in outcome.failed]


@pytest.mark.slow
@EACH_FOLDER
def test_the_model_does_what_the_record_of_linux_says(folder):
    failed, differ = [], []
    for script in scripts_in(folder):
        outcomes = on_model(script)
        record   = recorded.read(folder, script)
        assert record is not None, f"record {script.name}: dragoncage script --record"
        found = differences(script, record.said, [outcome.said for outcome in outcomes])
        if not script.differs:
            failed += told(script, outcomes)
            differ += [(script.name, *one[1:]) for one in found]
    assert (failed, differ) == ([], [])


@pytest.mark.skipif(not HERE, reason="the records are of another Linux")
@LINUX
@EACH_FOLDER
def test_linux_does_what_the_scripts_expect(folder):
    failed = [failure for script in scripts_in(folder) if not lacking(script)
              for failure in told(script, steady(script, wanted=as_expected))]
    assert failed == []


@pytest.mark.slow
def test_titles_are_sentences_of_their_own():
    titles = [load(file).title for file in FILES]
    assert len(set(titles)) == len(titles)
    assert [title for title in titles if title[-1] in ".,:"] == []
