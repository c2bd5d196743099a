/**
 * States of the explorer, and their decisions.
 *
 * The decisions are the gateware's, in a table over all that decides. What is done here is to put
 * the entries of all levels together, for the table knows nothing of levels.
 */

import table from "../../../built/decisions.json";

/** Bits of an entry that can be switched. */
export const BITS = ["P", "R/W", "U/S", "XD", "reserved"] as const;

export type Bit = typeof BITS[number];

export interface Level {
    name: string;
    bits: Record<Bit, boolean>;
}

export interface State {
    levels:   Level[];
    controls: Record<string, boolean>;
    attempt:  string;
    hit:      boolean;
}

/** All levels put together, by the names of the table's dimensions. */
export type Reduced = Record<string, string | number>;

export interface Decision {
    done:        boolean;
    error_code?: number;
    reason?:     string;
    rule?:       number;
    section?:    string;
    bit?:        string;
    controls?:   string[];
}

const DIMENSIONS = table.dimensions as [string, (string | number)[]][];
const ANSWERS    = table.answers as (Decision | "impossible")[];
const TABLE      = Uint8Array.from(atob(table.table), letter => letter.charCodeAt(0));

/** Control bits that can be switched, and kinds of access that can be tried. */
export const CONTROLS = DIMENSIONS.map(([name]) => name).filter(name => name.includes("."));
export const ATTEMPTS = DIMENSIONS.find(([name]) => name === "attempt")![1] as string[];

/** Index of the first level whose entry is missing or malformed; -1 if all are whole. */
export function firstBad({ levels, controls }: State): number {
    return levels.findIndex(({ bits }) =>
        !bits["P"] || bits["reserved"] || bits["XD"] && !controls["EFER.NXE"]);
}

/** Put the entries of all levels together. */
export function reduced(state: State): Reduced {
    const { levels, controls, attempt, hit } = state;
    const bad = levels[firstBad(state)];
    return {
        first: bad === undefined ? "whole" : bad.bits["P"] ? "malformed" : "missing",
        "R/W": Number(levels.every(({ bits }) => bits["R/W"])),
        "U/S": Number(levels.every(({ bits }) => bits["U/S"])),
        XD:    Number(levels.some(({ bits }) => bits["XD"])),
        ...Object.fromEntries(CONTROLS.map(name => [name, Number(controls[name])])),
        attempt,
        hit:   Number(hit),
    };
}

/** What the gateware decides; "impossible" for a translation that no walk could have made. */
export function decided(state: State): Decision | "impossible" {
    const found = reduced(state);
    const place = DIMENSIONS.reduce((sum, [name, values]) =>
        sum * values.length + values.indexOf(found[name]!), 0);
    return ANSWERS[TABLE[place]!]!;
}

/** True if a bit of a level is one that decides. */
export function decides(state: State, decision: Decision, level: number, bit: Bit): boolean {
    const { bits } = state.levels[level]!;
    const bad = firstBad(state);
    if (bad >= 0) {
        return level === bad && (decision.bit === bit
            || decision.bit === "reserved" && bit === "XD" && !bits["reserved"]);
    }
    return decision.bit === bit && Number(bits[bit]) === reduced(state)[bit];
}
