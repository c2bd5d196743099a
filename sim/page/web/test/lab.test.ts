import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";

import { indentAt } from "../src/play/indent";
import {
    broughtOf, linkOf, linkTo, plain, TABS, textLink, tourLink, wordsOf,
} from "../src/play/link";
import type { Choices, Wanted } from "../src/play/messages";
import { lackOf } from "../src/play/needs";
import { tabOfKey } from "../src/play/tabs";

const choices = {
    scenarios: [{ name: "article", title: "", modes: ["4level", "32bit"], text: null },
                { name: "refused", title: "", modes: ["4level"], text: "old" }],
    presets: [{ name: "full", modes: ["4level", "32bit", "pae"] }],
    eras: [{ name: "5.x", policies: false }, { name: "6.x", policies: true }],
    era: "5.x", policies: ["never"],
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
        deepEqual(broughtOf(`#${linkOf(from)}`, choices), { tab: "scenario", wanted: from, unknown: [] });
    }
});

test("a link brings a text of another kind", () => {
    for (const tab of ["vectors", "script", "walk"] as const) {
        deepEqual(broughtOf(`#${textLink(tab, "{}\n&x=1")}`, choices),
                  { tab, text: "{}\n&x=1", unknown: [] });
    }
});

test("a link leads to an act of the tour, to its begin, or to its end", () => {
    for (const act of [0, 2, 3]) {
        const brought = broughtOf(`#${tourLink(act)}`, choices);
        deepEqual(brought, { tab: "tour", act, unknown: [] });
        equal(linkTo(brought!), tourLink(act));
    }
    deepEqual(broughtOf("#tour=", choices), { tab: "tour", act: 0, unknown: [] });
    for (const act of ["4", "-1", "1e0", "two"]) {
        deepEqual(broughtOf(`#tour=${act}`, choices),
                  { tab: "tour", act: 0, unknown: [`act \u201c${act}\u201d`] });
    }
});

test("what a link names and there is not is told, and left out", () => {
    deepEqual(broughtOf("#scenario=mine&mode=6level&preset=huge&era=9.x&force_override=never", choices), {
        tab: "scenario", wanted: wanted(),
        unknown: ["scenario \u201cmine\u201d", "paging mode \u201c6level\u201d", "unit \u201chuge\u201d",
                  "rules of Linux \u201c9.x\u201d", "forced writes \u201cnever\u201d"] });
    // The scenario has not got the mode.
    deepEqual(broughtOf("#scenario=refused&mode=32bit", choices)!.unknown, ["paging mode \u201c32bit\u201d"]);
});

test("a link to an example need not bring its text", () => {
    deepEqual(broughtOf("#scenario=refused", choices), {
        tab: "scenario", wanted: wanted({ scenario: "refused", text: "old" }), unknown: [] });
});

test("a text may have any name, and be of any mode", () => {
    deepEqual(broughtOf("#scenario=other&text=x&mode=pae", choices), {
        tab: "scenario", wanted: wanted({ scenario: "other", text: "x", mode: "pae" }), unknown: [] });
    deepEqual(broughtOf("#text=x", choices), {
        tab: "scenario", wanted: wanted({ scenario: "mine", text: "x" }), unknown: [] });
});

test("what a browser lacks is told", () => {
    equal(lackOf({ WebAssembly: 1, Worker: 1, DecompressionStream: 1 }), null);
    equal(lackOf({ WebAssembly: 1 })!.includes("no Worker, and no DecompressionStream"), true);
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
