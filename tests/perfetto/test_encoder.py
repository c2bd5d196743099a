"""Packets, taken apart by another reader than the one that Perfetto has."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.perfetto.encoder import Encoder
from sim.perfetto.slices import Column, Counter, Row, Slice

from .perfetto_support import packets, values


#: Fields of a packet, of an event and of a description of a track, by their numbers.
TIME, EVENT, NAMES, FLAGS, TRACK = 8, 11, 12, 13, 60
KIND, NAME, OF, VALUE = 9, 10, 11, 30


def encoded(*shown):
    file = io.BytesIO()
    encoder = Encoder(file, "title")
    for row in shown:
        encoder.add(row)
    return packets(file.getvalue())


def events(found):
    """Events as tuples: time, kind, track, and the name if there is one."""
    names = {}
    for packet in found:
        for interned in packet.get(NAMES, ()):
            for name in values(interned).get(2, ()):
                name = values(name)
                names[name[1][0]] = name[2][0].decode()
        for event in packet.get(EVENT, ()):
            event = values(event)
            # A name is looked up here: it must have come before.
            name = names[event[NAME][0]] if NAME in event else None
            yield packet[TIME][0], event[KIND][0], event[OF][0], name


def test_slices_that_nest_begin_and_end_like_brackets():
    lane = [Slice(0, 300, "a"), Slice(0, 20, "b"), Slice(20, 300, "b"), Slice(300, 301, "a")]
    assert [*events(encoded(Row("row", (), [lane])))] == [
        (0, 1, 2, "a"), (0, 1, 2, "b"), (20, 2, 2, None), (20, 1, 2, "b"), (300, 2, 2, None),
        (300, 2, 2, None), (300, 1, 2, "a"), (301, 2, 2, None)]


def test_an_instant_has_no_end():
    assert [*events(encoded(Row("row", (), [[Slice(4, 9, "a"), Slice(5, 5, "b")]])))] == [
        (4, 1, 2, "a"), (5, 3, 2, "b"), (9, 2, 2, None)]


def test_lanes_are_tracks_of_one_name_and_one_rank():
    tracks = [values(packet[TRACK][0]) for packet in encoded(
        Row("row", (), [[Slice(0, 2, "a")], [Slice(1, 2, "a")]]), Counter("WP", [(0, 1)]),
        Row("without a slice", (), [])) if TRACK in packet]
    assert tracks == [
        {1: [1], 2: [b"title"], 11: [3]},
        {1: [2], 2: [b"row"], 5: [1], 12: [2]},
        {1: [3], 2: [b"row"], 5: [1], 12: [2]},
        {1: [4], 2: [b"WP"],  5: [1], 12: [4], 8: [b""]},
    ]


@pytest.mark.parametrize("column, value, field", [
    (Column("address", hexadecimal=True), 0xffff_ffff_8000_0000, (7, 0xffff_ffff_8000_0000)),
    (Column("bytes"), 0, (3, 0)),
    (Column("text"), "größer", (6, "größer".encode())),
    (Column("text"), "not UTF-8: \udcff", (6, b"not UTF-8: \\udcff")),
])
def test_an_argument_has_its_kind(column, value, field):
    [*_, begin, _] = encoded(Row("row", [Column("first"), column],
                                 [[Slice(0, 1, "a", (None, value))]]))
    [argument] = values(begin[EVENT][0])[4]
    number, content = field
    assert values(argument) == {1: [2], number: [content]}


def test_flows_are_told_apart_by_their_ends():
    *_, first, _, second, _ = encoded(Row("row", (), [
        [Slice(0, 1, "a", leads=1 << 40), Slice(5, 6, "a", led=1 << 40)]]))
    assert values(first[EVENT][0])[47] == [1 << 40] == values(second[EVENT][0])[48]


def test_a_counter_has_its_values():
    found = [(packet[TIME], values(packet[EVENT][0])) for packet in encoded(
        Counter("WP", [(0, 0), (1 << 33, 1)])) if EVENT in packet]
    assert found == [([0], {KIND: [4], OF: [2], VALUE: [0]}),
                     ([1 << 33], {KIND: [4], OF: [2], VALUE: [1]})]


def test_packets_are_one_sequence_whose_events_need_the_names_before_them():
    found = encoded(Row("row", (), [[Slice(0, 1, "a")]]))
    assert {tuple(packet[10]) for packet in found} == {(1,)}
    assert found[0][FLAGS] == [1]
    assert [packet[FLAGS] for packet in found if EVENT in packet] == [[2], [2]]
    assert not any(FLAGS in packet for packet in found[1:] if EVENT not in packet)


def test_what_is_kept_of_many_numbers_is_forgotten_and_made_again(monkeypatch):
    monkeypatch.setattr("sim.perfetto.encoder._Table.MOST", 100)
    lane  = [Slice(2 * number, 2 * number + 1, "a", (number,)) for number in range(1000)]
    found = [packet for packet in encoded(Row("row", [Column("n")], [lane])) if EVENT in packet]
    assert [packet[TIME][0] for packet in found] == [*range(2000)]
    assert [values(values(packet[EVENT][0])[4][0])[3][0] for packet in found[::2]] == \
        [*range(1000)]


@given(st.integers(0, (1 << 64) - 1))
def test_any_number_is_read_back(number):
    [*_, begin, _] = encoded(Row("row", [Column("n")], [[Slice(number, number + 1, "a",
                                                               (number,))]]))
    assert begin[TIME] == [number]
    assert values(values(begin[EVENT][0])[4][0])[3] == [number]
