"""docs/scripts.md: its table of calls, and its example."""

import re
from pathlib import Path

from sim.script.calls import CALLS, Kind
from sim.script.parser import parse
from sim.script.model import on_model
from sim.script.script import EXPECTED, NEEDS, STEPS


PAGE = (Path(__file__).parents[2] / "docs" / "scripts.md").read_text()


def row(name):
    """The row of a call: its arguments, those in brackets that may be missing, and their words."""
    args, words = [], []
    for arg in CALLS[name].args:
        if arg.kind is not Kind.FIXED:
            args.append(f"`{arg.key}`" if arg.default is ... else f"[`{arg.key}`]")
            if arg.words:
                words.append(f"{arg.key}: {' '.join(f'`{word}`' for word in arg.words)}")
    return f"| `{name}` | {', '.join(args)} | {'; '.join(words)} |".replace("  ", " ")


def test_the_page_lists_every_call_with_its_arguments_and_words():
    table = PAGE.partition("### Calls")[2].partition("### Other steps")[0]
    assert [line for line in table.splitlines() if line.startswith("| `")] == [
        row(name) for name in CALLS]


def test_the_page_names_every_step_result_and_need():
    for name in (*STEPS, *EXPECTED, *NEEDS):
        assert re.search(rf'[`"]{name}["`]', PAGE), name


def test_the_example_is_as_expected():
    [example] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert all(not outcome.failed for outcome in on_model(parse(example, "example", "example")))
