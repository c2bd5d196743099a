"""Numbers of what a document has once."""

import pytest

from sim.page.numbered import numbers


def test_a_thing_has_the_place_where_it_comes_first():
    found = numbers(["b", "a", "b", "c", "a"])
    assert (list(found), found["b"], found["c"]) == (["b", "a", "c"], 0, 2)


def test_what_is_looked_up_is_not_added():
    found = numbers(["a"])
    with pytest.raises(KeyError):
        found["b"]
    assert list(found) == ["a"]
