import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";

import type { Walk } from "../src/model/document";
import { endAt, framesOf } from "../src/model/moment";
import { aDocument, subject } from "./documents";

/** A walk that leads to a page, or nowhere. */
function walk(physical: string | null, size = 4096): Walk {
    return { mode: "4-level", cr3: "0x6000", loaded: true, registers: {}, canonical: true, entries: [],
             page: physical === null ? null : { physical, size, rights: "r-- user" },
             tlb_reported: true, tlb: null, verdicts: {} };
}

test("a path ends in the frame that its page leads to, at its place in a large page", () => {
    const document = aDocument({
        subjects: [{ ...subject("0x201000", 0), walks: [[10, 0], [20, 1], [30, 2], [40, 3]] }],
        walks:    [walk("0x5000"), walk("0x400000", 1 << 21), walk(null), walk("0x9000")],
        frames:   [{ physical: "0x401000", size: 4096, more: 0, words: [] },
                   { physical: "0x5000", size: 4096, more: 0, words: [] }],
    });
    deepEqual([9, 10, 20, 30, 40].map(cycle => endAt(document, 0, cycle)), [null, 1, 0, null, null]);
    equal(endAt(document, null, 10), null);
});

test("one frame is drawn where two paths meet, two where they part, and else what it is about", () => {
    deepEqual(framesOf(3, 3, 5), [3]);
    deepEqual(framesOf(3, 4, 3), [3, 4]);
    deepEqual(framesOf(null, 4, 3), [4]);
    deepEqual(framesOf(null, null, 3), [3]);
    deepEqual(framesOf(null, null, null), []);
});
