"""Processors of others: what they make of vectors; and a wrong machine of ours is found out."""

from itertools import islice

import pytest

from sim.oracles import ORACLES
from sim.oracles.campaign import Campaign
from sim.oracles.generator import random_vectors
from sim.vectors.engines import VECTOR_ENGINES
from sim.vectors.engines.golden import GoldenVectors

from .oracle_support import NEEDS, SEEDED, oracle, vector


@pytest.fixture(scope="module")
def oracles():
    """Oracles by name, each started once."""
    started = {name: oracle(name) for name in ORACLES}
    yield started
    for each in started.values():
        each.close()


def ended(oracles, name, *vectors):
    return [outcome if isinstance(outcome, str) else outcome.ending
            for outcome in oracles[name].run(vectors)]


@pytest.mark.parametrize("name", SEEDED)
def test_the_kernel_writes_a_read_only_page_while_wp_is_0_and_not_while_it_is_1(name, oracles):
    done, refused, of_user = ended(oracles, name, vector(wp=0, rights=0x5),
                                   vector(wp=1, rights=0x5), vector(cpl=3, wp=0, rights=0x5))
    assert (done.fault, done.physical) == (None, 0x30_0008)
    assert (refused.fault, refused.error_code, refused.cr2) == ("#PF", 0x3, 0x70_1234_5008)
    assert (of_user.fault, of_user.error_code) == ("#PF", 0x7)


@pytest.mark.parametrize("kind", ["read", "write", "rmw", "fetch"])
@pytest.mark.parametrize("cpl", [0, 3])
@pytest.mark.parametrize("name", SEEDED)
def test_it_is_seen_where_an_access_goes_and_which_flags_it_sets(name, cpl, kind, oracles):
    [outcome] = oracles[name].run([vector(kind, cpl)])
    assert outcome.ending.physical == 0x30_0008
    flags = 0x60 if kind in ("write", "rmw") else 0x20
    assert [value & 0x60 for value in outcome.entries] == [0x20, 0x20, 0x20, flags]


@pytest.mark.parametrize("name", SEEDED)
def test_accesses_before_are_done_first(name, oracles):
    refused = vector("write", 3, rights=0x5, before=[vector("read").access])
    [outcome] = oracles[name].run([refused])
    assert outcome.before[0].physical == 0x30_0008
    assert (outcome.ending.fault, outcome.entries[-1]) == ("#PF", 0x30_0025)


@pytest.mark.parametrize("name", SEEDED)
def test_memory_is_as_before_after_each_vector(name, oracles):
    refused = vector("read", rights=0)
    first, _, second = ended(oracles, name, refused, vector("read"), refused)
    assert first == second and first.error_code == 0


@pytest.mark.parametrize("changes, reason", [
    ({"cr0": 0x11, "efer": 0}, "paging is off"),
    ({"entries": [(0x9_0000_0000, 1)]}, "no memory for an entry"),
    ({"entries": [(0x20_0000, 0x9_0000_0007)]}, "leads out of the guest's memory"),
    ({"entries": [(0x20_0fa8, 0x30_0007)]}, "needs that entry"),
], ids=["no paging", "far entry", "far page", "the guest's entry"])
@pytest.mark.parametrize("name", SEEDED)
def test_what_a_guest_cannot_do_has_a_reason(name, changes, reason, oracles):
    [outcome] = oracles[name].run([vector()._replace(**changes)])
    assert reason in outcome


def campaign(name, count, seed, ours, oracles):
    found = Campaign()
    known = random_vectors(seed, oracles[name].modes, keys=ORACLES[name].keys)
    found.run(islice(known, count), ours, name, oracles[name], lambda count: None, None)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["golden", "cxxrtl"])
@pytest.mark.parametrize("name", SEEDED)
def test_random_vectors_show_known_deviations_alone(name, engine, oracles):
    found = campaign(name, 600, 2026, VECTOR_ENGINES[engine](), oracles)
    assert not found.differences
    assert found.compared > 300 and found.agreed > 150
    assert found.unplaced < found.compared / 20


class WithoutWp:
    """A golden model that does not know CR0.WP."""

    batch = GoldenVectors.batch

    def run(self, vectors):
        return GoldenVectors().run([each._replace(cr0=each.cr0 & ~(1 << 16)) for each in vectors])


class WithoutSmap:
    """A golden model that does not know CR4.SMAP."""

    batch = GoldenVectors.batch

    def run(self, vectors):
        return GoldenVectors().run([each._replace(cr4=each.cr4 & ~(1 << 21)) for each in vectors])


@pytest.mark.slow
@pytest.mark.parametrize("ours", [WithoutWp, WithoutSmap])
@pytest.mark.parametrize("name", SEEDED)
def test_a_wrong_machine_is_found_out(name, ours, oracles):
    found = campaign(name, 600, 2026, ours(), oracles)
    assert found.differed >= 3


@pytest.mark.slow
@NEEDS["qemu"]
def test_a_guest_that_does_not_survive_a_vector_does_the_others(oracles, monkeypatch):
    killed = vector(number="killed")
    guests = oracle("qemu")
    [mode] = [mode for mode in guests.modes if mode.name == "4-level"]
    guest  = guests._guest(mode)
    run    = guest.run

    def dying():
        guest._process.kill()
        guest._process.wait()
        run()

    monkeypatch.setattr(guest, "run", dying)
    outcomes = guests.run([killed, vector("read")])
    guests.close()
    assert [outcome.ending.physical for outcome in outcomes] == [0x30_0008] * 2
