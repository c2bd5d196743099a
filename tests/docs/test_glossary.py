"""The glossary: its words are still used where it says, and its links lead somewhere."""

import re
from pathlib import Path

import pytest


PAGE = Path(__file__).parents[2] / "docs" / "glossary.md"

#: Rows of its tables: a word, its meaning, and links to where it is at home.
ROWS = [row for row in re.findall(r"^\| (.+) \| (.+) \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
        if row[0] != "word"]

LINK = re.compile(r"\[[^]]+\]\(([^)]+)\)")


def words_of(file):
    """The name of a file and its text, as words with a space between them."""
    return re.sub(r"[\W_]+", " ", f" {file.name} {file.read_text()}").lower()


@pytest.mark.parametrize("word, places", [(word, places) for word, _, places in ROWS],
                         ids=[word for word, _, _ in ROWS])
def test_a_word_is_used_where_the_glossary_says(word, places):
    files = [PAGE.parent / link for link in LINK.findall(places)]
    assert files
    assert [file.name for file in files if f" {word}" not in words_of(file)] == []


@pytest.mark.parametrize("meaning", [meaning for _, meaning, _ in ROWS],
                         ids=[word for word, _, _ in ROWS])
def test_a_meaning_is_one_sentence(meaning):
    assert meaning.endswith(".")
    assert not re.search(r"[.;] [A-Z]", meaning)


def test_no_word_is_there_twice():
    words = [word for word, _, _ in ROWS]
    assert sorted(set(words)) == sorted(words)
    assert len(words) > 30
