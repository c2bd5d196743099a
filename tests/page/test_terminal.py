"""The command that shows a walk of the page in the terminal."""

import pytest

from .page_support import played


pytestmark = pytest.mark.slow


def with_commands(command):
    """The document of the article, its subjects with a command each."""
    found = played("article").document
    return {**found, "subjects": [{**subject, "command": command(subject)}
                                  for subject in found["subjects"]]}


def test_a_walk_of_the_cycle_says_how_the_terminal_shows_it(reader):
    reader.open("#claim=5.7")
    reader.show(with_commands(lambda subject: f"dragoncage walk {subject['linear']} --at"))
    for side in ("left", "right"):
        path = reader.page.locator(f"#lab .path.{side}")
        linear = path.locator(".linear code").inner_text()
        assert path.locator(".terminal code").inner_text() == (
            f"dragoncage walk {linear} --at {reader.cycle}")
    assert reader.page.locator("#hero .terminal, #print .terminal").count() == 0
    before = reader.cycle
    reader.press("k")
    assert reader.cycle > before
    assert reader.text("#lab .left .terminal").endswith(f"--at {reader.cycle}")


def test_a_run_that_cannot_be_repeated_has_no_command(reader):
    reader.open("#claim=5.7")
    reader.show(with_commands(lambda subject: None))
    assert reader.page.locator("#lab .path").count() == 2
    assert reader.page.locator(".terminal").count() == 0
