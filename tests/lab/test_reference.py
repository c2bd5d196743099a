"""The lists of what can be written: all that the page's own examples are written in is among it."""

import json
import re
import tomllib

from sim.lab.choices import offered


CHOICES = offered()

REFERENCE = CHOICES["reference"]


def words(tab):
    """Names and keys that are told for a tab."""
    return set(re.findall(r"\w+", " ".join(name for name, _ in REFERENCE[tab])))


def test_each_row_says_what_it_is():
    for name, meaning in REFERENCE["scenario"] + REFERENCE["vectors"]:
        assert meaning and ":`" not in meaning, name


def test_methods_and_judges_of_the_examples_are_told():
    texts = "".join(each["text"] for each in CHOICES["scenarios"] if each["text"])
    calls = set(re.findall(r"(?:stage|user|child)\.(\w+)\(", texts))
    names = {name for names in re.findall(r"(?m)^from sim.scenario import (.*)$", texts)
             for name in re.findall(r"\w+", names)}
    _, constants = REFERENCE["scenario"][-1]
    assert {"claim", "store", "faulted", "PROT_READ", "Killed"} <= calls | names
    assert calls | names <= words("scenario") | {*constants.split(", ")}


def test_keys_of_the_vectors_are_told():
    lines = [json.loads(line) for text in CHOICES["vectors"].values()
             for line in text.splitlines()]
    used  = {key for line in lines if "version" not in line for key in line} | {
        key for line in lines if "version" not in line for key in line["access"]}
    assert {"cr0", "linear"} <= used <= words("vectors")


def test_steps_and_keys_of_the_scripts_are_told():
    scripts = [tomllib.loads(text) for text in CHOICES["scripts"].values()]
    steps   = [step for script in scripts for step in script["step"]]
    told    = words("script") | set(re.findall(r"\w+", " ".join(
        meaning for _, meaning in REFERENCE["script"])))
    assert {step["do"] for step in steps} <= told
    assert {key for step in steps for key in step} <= told
