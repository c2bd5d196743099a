import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";

import { itemAt, itemsOf, lastAt } from "../src/model/timeline";

const ITEMS: [number, string][] = [[2, "a"], [5, "b"], [5, "c"], [9, "d"]];

function last(cycle: number): number {
    return lastAt(ITEMS.length, index => ITEMS[index]![0], cycle);
}

test("the last item at or before a cycle is found as by looking at each", () => {
    for (let cycle = 0; cycle < 12; cycle += 1) {
        equal(last(cycle), ITEMS.filter(([since]) => since <= cycle).length - 1, `in cycle ${cycle}`);
    }
});

test("before the first item there is none", () => {
    equal(last(1), -1);
    equal(itemAt(ITEMS, 1), undefined);
    equal(itemAt([], 1), undefined);
});

test("an item holds until the next one, and of two in a cycle the later", () => {
    deepEqual(itemAt(ITEMS, 4), [2, "a"]);
    deepEqual(itemAt(ITEMS, 8), [5, "c"]);
    deepEqual(itemAt(ITEMS, 1000), [9, "d"]);
});

test("all items of a cycle are found, each with its index", () => {
    deepEqual(itemsOf(ITEMS, 5), [[[5, "b"], 1], [[5, "c"], 2]]);
    deepEqual(itemsOf(ITEMS, 2), [[[2, "a"], 0]]);
    deepEqual(itemsOf(ITEMS, 6), []);
});
