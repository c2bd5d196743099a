import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";

import type { RunDocument } from "../src/model/document";
import type { Station, Tour } from "../src/play/messages";
import { BEGIN, drawnAt, moved, outcomeOf, placeAt, type Route, stationAt,
         wantedFor } from "../src/play/tour/route";
import { aDocument } from "./documents";

const CLAIMS = ["first", "second"].map(text => ({ text, holds: true, cycle: 20, detail: "", expected: null }));

const document = aDocument();
document.run.acts[0]!.claims = CLAIMS;

function station(more: Partial<Station> = {}): Station {
    return { act: 1, claim: 2, choice: { switches: ["kernel.wp=0"] }, fails: [], question: "",
             before: "", answer: "", offer: "", expect: "", because: "", ...more };
}

const tour: Tour = { scenario: "article", stations: [station(), station({ act: 2, claim: 1 })] };

/** The document after a run in which some claims of the first act fail. */
function failing(...numbers: number[]): RunDocument {
    const [first, ...others] = document.run.acts;
    const claims = first!.claims.map((claim, index) => ({ ...claim, holds: !numbers.includes(index + 1) }));
    return { ...document, run: { ...document.run, acts: [{ ...first!, claims }, ...others] } };
}

test("the tour goes from its begin over all stations to its end, and no further", () => {
    equal(stationAt(tour, BEGIN), undefined);
    equal(stationAt(tour, moved(BEGIN, 1, tour)), tour.stations[0]);
    equal(moved(BEGIN, 3, tour).at, 3);
    equal(moved(BEGIN, 4, tour).at, 3);
    equal(moved(BEGIN, -1, tour).at, 0);
});

test("what was tried is drawn at its own station alone", () => {
    const tried = failing(1);
    const route: Route = { at: 1, base: document, tried: new Map([[1, tried]]), trying: true };
    equal(drawnAt(route), tried);
    equal(drawnAt({ ...route, trying: false }), document);
    equal(drawnAt({ ...route, at: 2 }), document);
    equal(drawnAt(moved(route, 1, tour)), document);
    equal(drawnAt(BEGIN), null);
});

test("a trial is the scenario of the tour on another machine", () => {
    deepEqual(wantedFor(tour, null), { scenario: "article", text: null, mode: null, preset: null,
                                       era: null, force_override: null, switches: [] });
    deepEqual(wantedFor(tour, tour.stations[0]!).switches, ["kernel.wp=0"]);
});

test("a station draws the walks of its claim", () => {
    equal(placeAt(document, station())?.claim, 1);
    equal(placeAt(document, station({ act: 9 })), null);
});

test("a trial is as expected if just the claims fail that should", () => {
    const expects = station({ fails: [2] });
    equal(outcomeOf(failing(2), expects).expected, true);
    equal(outcomeOf(failing(1), expects).expected, false);
    equal(outcomeOf(failing(1, 2), expects).expected, false);
    equal(outcomeOf(failing(), expects).expected, false);
    equal(outcomeOf(failing(), station()).expected, true);
    deepEqual(outcomeOf(failing(2), expects).failed.map(({ text }) => text),
              [document.run.acts[0]!.claims[1]!.text]);
});

test("an act that was not played is not as expected", () => {
    equal(outcomeOf(document, station({ act: 9 })).expected, false);
});
