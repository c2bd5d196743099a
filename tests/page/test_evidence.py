"""Evidence on the page: what an access came to, and by what it was decided."""

import json

import pytest
from browser_support import visit

from .page_support import at, played
from .reader_support import Reader


pytestmark = pytest.mark.slow

#: Ends of accesses in the words of the page.
ENDS = {"NONE": "done", "GENERAL_PROTECTION": "#GP", "SKIPPED": "skipped"}


def recorded(document, claim):
    """The access behind a claim: its cycles and its end."""
    accepted, completed, *_, fault, code = document["traces"][claim["cpu"]]["accesses"][
        claim["access"]]
    name = document["faults"][fault]
    return f"in cycles {accepted:,} to {completed:,}:", ENDS.get(name, f"#PF, error code {code:#x}")


@pytest.mark.parametrize("name", ["article", "shootdown"])
def test_each_claim_has_the_recorded_end_of_its_access(chromium, pages, name):
    document = played(name).document
    shown = 0
    with visit(chromium) as tab:
        reader = Reader(tab, pages / f"{name}.html")
        reader.open()
        for claim in document["claims"]:
            reader.follow(f"#claim={claim['act'] + 1}.{claim['claim'] + 1}")
            said = reader.page.locator("#lab .recorded").all_inner_texts()
            if claim["side"] is None:
                assert said == []
                continue
            cycles, end = recorded(document, claim)
            assert len(said) == 1 and cycles in said[0] and f": {end}" in said[0]
            assert reader.page.locator(f"#lab .side.{claim['side']} .recorded").count() == 1
            shown += 1
    assert shown


def test_all_reasons_of_a_refusal_are_there(reader):
    document = played("article").document
    several = 0
    for claim in document["claims"]:
        if claim["side"] is None:
            continue
        number = at(document["subjects"][claim[claim["side"]]]["walks"], claim["cycle"])[1]
        verdict = document["walks"][number]["verdicts"][claim["attempt"]]
        reasons = [each["reason"] for each in (verdict, *verdict["also"]) if "reason" in each]
        reader.open(f"#claim={claim['act'] + 1}.{claim['claim'] + 1}")
        shown = reader.page.locator(f"#lab .side.{claim['side']} .verdict:last-of-type .reason")
        assert [text.partition(" (rule")[0].strip() for text in shown.all_inner_texts()] == reasons
        several += len(reasons) > 1
    shown = {row.split("\t")[0]: row for row in
             reader.page.locator("#lab .side.left .verdicts tr").all_inner_texts()}
    assert several or any(row.count("rule") > 1 for row in shown.values())


def test_a_tlb_that_decides_otherwise_is_shown_first_and_called_stale(reader):
    """A claim whose TLB, and not whose memory, would do the access."""
    document = json.loads(json.dumps(played("article").document))
    claim   = document["claims"][document["hero"]["refused"]]
    subject = document["subjects"][claim["left"]]
    number  = at(subject["walks"], claim["cycle"])[1]
    walk    = document["walks"][number]
    walk["tlb"] = {"linear": subject["linear"], "physical": walk["page"]["physical"], "size": 4096,
                   "rights": "rw- user", "dirty": True, "global": False, "filled": 1, "stale": True,
                   "verdicts": {"user write": {"done": True, "error_code": 0, "also": []}}}
    reader.open()
    reader.show(document)
    for part in "#hero", "#lab":
        first, second = reader.page.locator(f"{part} .side.left .verdict").all_inner_texts()
        assert first.startswith("user write: allowed by the STALE translation in the TLB")
        assert second.startswith("user write: #PF 0x7 by the entries in memory")


def test_the_two_walks_at_the_top_say_their_cycles(reader):
    document = played("article").document
    reader.open()
    assert [text.split()[-1] for text in reader.page.locator("#hero .as-of").all_inner_texts()] == [
        f"{document['claims'][document['hero'][name]]['cycle']:,}" for name in ("refused", "done")]


def test_a_shootdown_begins_with_its_stale_translation(chromium, pages):
    document = played("shootdown").document
    with visit(chromium) as tab:
        reader = Reader(tab, pages / "shootdown.html")
        reader.open()
        assert "STALE" in reader.text("#hero .side.left .cached")
        cycle = int(reader.text("#hero .as-of >> nth=0").split()[-1].replace(",", ""))
        linear = reader.text("#hero .side.left .linear code")
        assert any(since <= cycle < until for entry in document["tlb_entries"]
                   for since, until in entry["stale"] if entry["linear"] == linear)


def test_a_claim_leads_to_its_stretch_in_perfetto_and_asks_it_nothing(reader):
    document = json.loads(json.dumps(played("article").document))
    document["claims"][0]["perfetto"] = "https://perfetto.example/#!/?visStart=1"
    reader.open("#claim=1.1")
    reader.show(document)
    link = reader.page.locator("#lab a[target=_blank]")
    assert link.get_attribute("href") == "https://perfetto.example/#!/?visStart=1"
    assert link.get_attribute("rel") == "noreferrer"
    assert len(reader.tab.requests) == 1


def test_a_claim_without_a_cycle_is_in_the_last_of_its_act_and_has_no_link(reader):
    document = json.loads(json.dumps(played("article").document))
    document["claims"][0] |= {"cycle": None, "shown": None, "perfetto": None}
    document["stops"] = [stop for stop in document["stops"] if stop[1:] != ["claim", 0, 0]]
    reader.open("#claim=1.2")
    reader.show(document)
    reader.follow("#claim=1.1")
    assert reader.cycle == document["run"]["acts"][0]["until"] - 1
    assert "Perfetto" not in reader.text("#lab .shown-claim")


def test_a_path_that_nobody_took_is_told(reader):
    document = json.loads(json.dumps(played("article").document))
    document["hero"]["unused"] = document["claims"][0]["unused"] = ["right"]
    reader.open("#claim=1.1")
    reader.show(document)
    for part in "#hero", "#lab":
        assert "No access of this act went this way" in reader.text(f"{part} .side.right")
        assert "No access of this act went this way" not in reader.text(f"{part} .side.left")
