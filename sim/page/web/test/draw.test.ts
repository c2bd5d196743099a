import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";

import { pieces } from "../src/waves/draw";
import type { Signal } from "../src/waves/signals";

const WIDTH = 100;
const END   = 1000;

function signal(...cycles: number[]): Signal {
    return { name: "signal", width: 1, cycles: Uint32Array.from(cycles),
             values: cycles.map((_, index) => index % 2), texts: null, when: null };
}

/** The pieces of a signal where the view begins with a cycle and has so many pixels a cycle. */
function piecesOf(of: Signal, begin: number, pixels: number): ReturnType<typeof pieces> {
    return pieces(of, cycle => (cycle - begin) * pixels, x => begin + x / pixels, WIDTH, END);
}

test("a piece reaches from one change to the next, and the last one to the end", () => {
    deepEqual([...piecesOf(signal(0, 4, 10), 0, 5)], [
        { left: 0,  right: 20,  index: 0, dense: false },
        { left: 20, right: 50,  index: 1, dense: false },
        { left: 50, right: 102, index: 2, dense: false },
    ]);
});

test("what is out of view is left out, and what reaches into it is cut a little outside", () => {
    deepEqual([...piecesOf(signal(0, 4, 10, 500), 8, 5)], [
        { left: -2, right: 10,  index: 1, dense: false },
        { left: 10, right: 102, index: 2, dense: false },
    ]);
});

test("changes within one pixel are one dense piece", () => {
    const crowded = signal(0, 500, ...Array.from({ length: 8 }, (_, each) => 501 + each), 720);
    deepEqual([...piecesOf(crowded, 0, 0.125)].map(({ left, right, dense }) => [left, right, dense]), [
        [0, 62.5, false], [62.5, 63.5, true], [63.5, 90, false], [90, 102, false]]);
});

test("a change a pixel is still seen as one", () => {
    equal([...piecesOf(signal(0, 1, 2, 3), 0, 1)].every(({ dense }) => !dense), true);
});

test("there are never more pieces than pixels, and a few", () => {
    const all = signal(...Array.from({ length: END }, (_, cycle) => cycle));
    const found = [...piecesOf(all, 0, WIDTH / END)];
    equal(found.length <= WIDTH + 2, true, `${found.length} pieces`);
    equal(found.every(({ dense }, index) => dense || index === found.length - 1), true);
});

test("the pieces follow each other without a gap of more than a pixel", () => {
    const some = signal(0, 3, 4, 5, 90, 91, 400, 401, 402, 403, 800);
    for (const pixels of [0.1, 0.5, 1, 3]) {
        let last = 0;
        for (const { left, right } of piecesOf(some, 0, pixels)) {
            equal(Math.abs(left - last) <= 1, true, `${left} after ${last}, ${pixels} pixels a cycle`);
            last = right;
        }
    }
});
