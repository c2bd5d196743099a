import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";

import { indentAt } from "../src/play/indent";
import { broughtOf, linkOf, plain, TABS, textLink, wordsOf } from "../src/play/link";
import type { Choices, Wanted } from "../src/play/messages";
import { tabOfKey } from "../src/play/tabs";

const choices = {
    scenarios: [{ name: "article", title: "", modes: [], text: null },
                { name: "refused", title: "", modes: [], text: "old" }],
    tour: { scenario: "article", stations: [{ act: 1 }, { act: 2 }] },
} as unknown as Choices;

function wanted(more: Partial<Wanted> = {}): Wanted {
    return { ...plain({ name: "article", text: null }), ...more };
}

test("a link leads back to the choice that it was made of", () => {
    for (const from of [
        wanted(), wanted({ mode: "32bit", preset: "full", era: "6.x", force_override: "never" }),
        wanted({ switches: ["kernel.wp=0", "machine.latency=2"] }),
        wanted({ scenario: "refused", text: "a = 1 # & = + %\n\u201cwords\u201d" }),
        wanted({ scenario: "refused", text: "" }),
    ]) {
        deepEqual(broughtOf(`#${linkOf(from)}`, choices), { tab: "scenario", wanted: from });
    }
});

test("a link brings a text of another kind", () => {
    for (const tab of ["vectors", "script"] as const) {
        deepEqual(broughtOf(`#${textLink(tab, "{}\n&x=1")}`, choices), { tab, text: "{}\n&x=1" });
    }
});

test("a link leads to an act of the tour, or to its begin", () => {
    deepEqual(broughtOf("#tour=2", choices), { tab: "tour", act: 2 });
    deepEqual(broughtOf("#tour=9", choices), { tab: "tour", act: null });
    deepEqual(broughtOf("#tour=", choices), { tab: "tour", act: null });
});

test("a scenario that there is not must bring its text", () => {
    equal(broughtOf("#scenario=mine", choices), null);
    deepEqual(broughtOf("#scenario=mine&text=x", choices), {
        tab: "scenario", wanted: wanted({ scenario: "mine", text: "x" }) });
});

test("a place in a run is nothing of the lab's", () => {
    for (const fragment of ["", "#", "#claim=2.1", "#cycle=7&cpu=0"]) {
        equal(broughtOf(fragment, choices), null);
    }
});

test("words are apart by blanks of any kind", () => {
    deepEqual(wordsOf("  kernel.wp=0\n unit.smap=0 "), ["kernel.wp=0", "unit.smap=0"]);
    deepEqual(wordsOf(" "), []);
});

test("arrows lead round the tabs, and no other key leads anywhere", () => {
    equal(tabOfKey("ArrowRight", TABS[0]), TABS[1]);
    equal(tabOfKey("ArrowLeft", TABS[0]), TABS.at(-1));
    equal(tabOfKey("ArrowRight", TABS.at(-1)!), TABS[0]);
    equal(tabOfKey("Home", "walk"), TABS[0]);
    equal(tabOfKey("End", "tour"), TABS.at(-1));
    equal(tabOfKey("a", "tour"), null);
});

test("a new line has the indent of the one before, and more after a colon", () => {
    const text = "async def play(stage):\n    user = 1\n";
    equal(indentAt(text, text.indexOf("\n")), "    ");
    equal(indentAt(text, text.indexOf("1") + 1), "    ");
    equal(indentAt(text, text.length), "");
    equal(indentAt("    if a:  ", 11), "        ");
});
