import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";

import { exploredIn, firstPlace, fragmentOf, type Place, placeOf, placeOfClaim } from "../src/model/place";
import { aDocument, subject } from "./documents";

const document = aDocument();

function place(changes: Partial<Place>): Place {
    return { cycle: 0, cpu: 0, claim: null, left: null, right: null, ...changes };
}

test("a fragment leads back to the place that it was made of", () => {
    for (const from of [
        place({ cycle: 0 }), place({ cycle: 100, cpu: 1 }), place({ cycle: 30, left: 0, right: 1 }),
        placeOfClaim(document, 1), { ...placeOfClaim(document, 2), right: 0 },
    ]) {
        const fragment = fragmentOf(document, from);
        deepEqual(placeOf(document, fragment), from, fragment);
        deepEqual(placeOf(document, `#${fragment}`), from, fragment);
    }
});

test("claims are counted in their act from 1", () => {
    equal(fragmentOf(document, placeOfClaim(document, 1)), "claim=1.2");
    equal(fragmentOf(document, placeOfClaim(document, 2)), "claim=2.1");
});

test("an address has its processor where there are several", () => {
    equal(fragmentOf(document, place({ left: 1 })), "cycle=0&cpu=0&left=0x1000.1");
    equal(fragmentOf(aDocument({ cpus: 1 }), place({ left: 0 })), "cycle=0&cpu=0&left=0x1000");
});

test("an address that is in two address spaces has its CR3", () => {
    const subjects = [subject("0x1000", 0), subject("0x2000", 0), subject("0x1000", 0, "0xd000")];
    const both = aDocument({ cpus: 1, subjects });
    equal(fragmentOf(both, place({ left: 1, right: 2 })),
          "cycle=0&cpu=0&left=0x2000&right=0x1000.0xd000");
    deepEqual(placeOf(both, "cycle=0&cpu=0&left=0x1000.0x6000&right=0x1000.0xd000"),
              place({ left: 0, right: 2 }));
    equal(fragmentOf(aDocument({ subjects }), place({ left: 2 })),
          "cycle=0&cpu=0&left=0x1000.0.0xd000");
});

test("a claim without a cycle is in the last one of its act", () => {
    equal(placeOfClaim(document, 2).cycle, 89);
});

test("a fragment that names nothing of the run has no place", () => {
    for (const fragment of ["", "claim=1.3", "claim=0.0", "cycle=101", "cycle=-1", "cycle=1e1",
                            "cycle=", "nonsense"]) {
        equal(placeOf(document, fragment), null, fragment);
    }
});

test("a processor or an address that is not there is left out", () => {
    deepEqual(placeOf(document, "cycle=5&cpu=2&left=0x2000.0&right=0x1000"), place({ cycle: 5 }));
});

test("what is explored goes beside the place, and comes back", () => {
    const fragment = fragmentOf(document, place({ cycle: 7 }), "777d.17.user-write");
    equal(exploredIn(`#${fragment}`), "777d.17.user-write");
    equal(exploredIn(fragmentOf(document, place({ cycle: 7 }))), null);
    deepEqual(placeOf(document, fragment), place({ cycle: 7 }));
});

test("a page opens at the refusal, else at the first claim, else at the beginning", () => {
    const hero = { left: 0, right: 1, frame: null, unused: [], refused: 1, done: 0 };
    equal(firstPlace(aDocument({ hero })).claim, 1);
    equal(firstPlace(document).claim, 0);
    deepEqual(firstPlace(aDocument({ claims: [] })), place({}));
});
