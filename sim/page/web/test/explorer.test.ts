import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";

import { stateOfText, textOf } from "../src/explorer/fragment";
import { ATTEMPTS, CONTROLS, decided, type Decision, decides, firstBad, type Level, LEVELS, reasonsOf,
         type State, together } from "../src/explorer/state";

const OPEN: Level["bits"] = { "P": true, "R/W": true, "U/S": true, "XD": false, "reserved": false };

/** A state in which an access is allowed, but for these bits of levels and these control bits. */
function state(bits: Partial<Level["bits"]>[] = [], changes: Partial<State> = {}): State {
    return {
        levels:   LEVELS.map((name, level) => ({ name, bits: { ...OPEN, ...bits[level] } })),
        controls: Object.fromEntries(CONTROLS.map(name => [name, true])),
        attempt:  "user write", cached: null, ...changes,
    };
}

function decision(of: State): Decision {
    const found = decided(of);
    if (found === "impossible") throw new Error("no walk brings this into the TLB");
    return found;
}

/** Names of the bits of levels that decide. */
function lit(of: State): string[] {
    const reasons = reasonsOf(decision(of));
    return of.levels.flatMap(({ name }, level) => (["P", "R/W", "U/S", "XD", "reserved"] as const)
        .filter(bit => decides(of, reasons, level, bit)).map(bit => `${name} ${bit}`));
}

test("a level that is missing or malformed ends the walk, the first of several", () => {
    equal(firstBad(state()), -1);
    equal(firstBad(state([{}, {}, { P: false }, { reserved: true }])), 2);
    equal(firstBad(state([{}, { reserved: true }, { P: false }])), 1);
});

test("XD is a reserved bit while EFER.NXE is 0", () => {
    const [on, off] = [true, false].map(nxe => state([{}, {}, { XD: true }], {
        controls: { ...state().controls, "EFER.NXE": nxe } }));
    equal(firstBad(on!), -1);
    equal(firstBad(off!), 2);
    deepEqual(lit(off!), ["PDE XD"]);
    deepEqual(lit(state([{}, {}, { XD: true, reserved: true }], { controls: off!.controls })),
              ["PDE XD", "PDE reserved"]);
    deepEqual(lit(state([{}, {}, { XD: true, reserved: true }])), ["PDE reserved"]);
});

test("every level has to give a right, and one is enough to forbid fetches", () => {
    deepEqual(together(state()), { "R/W": true, "U/S": true, XD: false });
    deepEqual(together(state([{ "R/W": false }, {}, { XD: true }, { "U/S": false }])),
              { "R/W": false, "U/S": false, XD: true });
});

test("an access is done, or refused for all reasons that there are", () => {
    equal(decision(state()).done, true);
    const found = decision(state([{ "U/S": false }, {}, {}, { "R/W": false }]));
    deepEqual(reasonsOf(found).map(({ bit }) => bit), ["U/S", "R/W"]);
    equal(found.done ? null : found.error_code, 7);
    deepEqual(reasonsOf(decision(state())), []);
});

test("the bits that decide are those that have the deciding value", () => {
    deepEqual(lit(state([{ "U/S": false }, {}, {}, { "R/W": false }])), ["PML4E U/S", "PTE R/W"]);
    deepEqual(lit(state([{}, { P: false, "R/W": false }, { P: false }])), ["PDPTE P"]);
    deepEqual(lit(state()), []);
});

test("a translation in the TLB is asked, and no level decides", () => {
    const cached = { "R/W": true, "U/S": true, XD: false };
    const missing = [{ P: false }];
    equal(decision(state(missing)).done, false);
    equal(decision(state(missing, { cached })).done, true);
    const refused = state(missing, { cached: { ...cached, "R/W": false } });
    equal(decision(refused).done, false);
    deepEqual(lit(refused), []);
});

test("with EFER.NXE = 0 no walk brings a translation with XD", () => {
    equal(decided(state([], { cached: { "R/W": true, "U/S": true, XD: true },
                              controls: { ...state().controls, "EFER.NXE": false } })), "impossible");
});

test("a text leads back to the state that it was made of", () => {
    const few = state();
    for (const from of [
        state(), state([{ P: false }, { "R/W": false }, { "U/S": false }, { XD: true, reserved: true }]),
        state([], { cached: { "R/W": false, "U/S": true, XD: true } }),
        ...CONTROLS.map(name => state([], { controls: { ...few.controls, [name]: false } })),
        ...ATTEMPTS.map(attempt => state([], { attempt })),
        { ...few, levels: few.levels.slice(0, 3) },
    ]) {
        deepEqual(stateOfText(textOf(from)), from, textOf(from));
    }
});

test("a text that names no state is none", () => {
    for (const text of [null, "", "7777", "7777.v", "7777.v.user-jump", "77777.v.user-read",
                        "7777.w.user-read", "7777.v.user-read.8", "7777.v.user-read.1.1"]) {
        equal(stateOfText(text), null, String(text));
    }
});
