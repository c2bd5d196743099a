import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";

import { nextClaim, nextStop, stopsOf } from "../src/model/stops";
import { aDocument } from "./documents";

const document = aDocument();

test("a step goes to the next stop of a kind, and back to the one before", () => {
    deepEqual(nextStop(document, 12, "access", 1), [60, "access", 0, 3]);
    deepEqual(nextStop(document, 60, "access", -1), [12, "access", 1, 0]);
});

test("a step leaves the cycle", () => {
    equal(nextStop(document, 20, null, 1)![0], 50);
    equal(nextStop(document, 20, null, -1)![0], 12);
});

test("of several stops in a cycle a step goes to the first, from either side", () => {
    deepEqual(nextStop(document, 13, null, 1), [20, "claim", 1, 0]);
    deepEqual(nextStop(document, 50, null, -1), [20, "claim", 1, 0]);
});

test("after the last stop and before the first there is none", () => {
    equal(nextStop(document, 60, null, 1), null);
    equal(nextStop(document, 10, null, -1), null);
    equal(nextStop(document, 0, "table", 1), null);
});

test("the stops of a kind are those of the document, in its order", () => {
    deepEqual(stopsOf(document, "act").map(([cycle]) => cycle), [10, 50]);
    equal(stopsOf(document, null), document.stops);
});

test("of several claims in a cycle each has its turn", () => {
    equal(nextClaim(document, 20, 0, 1), 1);
    equal(nextClaim(document, 20, 1, -1), 0);
    equal(nextClaim(document, 20, 1, 1), null);
});

test("from a cycle without a claim a step leads to the nearest one", () => {
    equal(nextClaim(document, 5, null, 1), 0);
    equal(nextClaim(document, 70, null, -1), 1);
    equal(nextClaim(document, 70, null, 1), null);
});
