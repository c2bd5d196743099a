/**
 * States of the explorer, and their decisions.
 *
 * The decisions are the gateware's, in a table over all that decides. What is done here is to put
 * the entries of all levels together, for the table knows nothing of levels; or, if the TLB has the
 * translation, to leave them alone.
 */

import table from "../../../built/decisions.json";

/** Bits of an entry that can be switched. */
export const BITS = ["P", "R/W", "U/S", "XD", "reserved"] as const;

export type Bit = typeof BITS[number];

/** Names of the levels, root first. A walk that ends early has not all of them. */
export const LEVELS = ["PML4E", "PDPTE", "PDE", "PTE"] as const;

export interface Level {
    name: string;
    bits: Record<Bit, boolean>;
}

/** Rights that the TLB keeps with a translation. */
export const RIGHTS = ["R/W", "U/S", "XD"] as const;

export type Rights = Record<typeof RIGHTS[number], boolean>;

export interface State {
    levels:   Level[];
    controls: Record<string, boolean>;
    attempt:  string;
    /** The translation in the TLB, with D; it may be stale. Null: there is none. */
    cached:   Rights | null;
}

/** All levels put together, by the names of the table's dimensions. */
type Reduced = Record<string, string | number>;

/** A reason for which an access is refused, and the bits of entries and registers that decide it. */
export interface Reason {
    reason:   string;
    rule:     number;
    section:  string;
    bit:      string;
    controls: string[];
}

/** End of an access: done, or refused for the first reason and `also` for others. */
export type Decision = { done: true } | Reason & { done: false; error_code: number; also: Reason[] };

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

/** The rights of all levels together: each must give them, and one is enough to forbid fetches. */
export function together({ levels }: State): Rights {
    return {
        "R/W": levels.every(({ bits }) => bits["R/W"]),
        "U/S": levels.every(({ bits }) => bits["U/S"]),
        XD:    levels.some(({ bits }) => bits["XD"]),
    };
}

/** All that decides: the entries of all levels together, or the translation in the TLB. */
function reduced(state: State): Reduced {
    const { controls, attempt, cached } = state;
    const bad    = cached === null ? state.levels[firstBad(state)] : undefined;
    const rights = cached ?? together(state);
    return {
        first: bad === undefined ? "whole" : bad.bits["P"] ? "malformed" : "missing",
        ...Object.fromEntries(RIGHTS.map(name => [name, Number(rights[name])])),
        ...Object.fromEntries(CONTROLS.map(name => [name, Number(controls[name])])),
        attempt,
        hit:   Number(cached !== null),
    };
}

/** What the gateware decides; "impossible" for a translation that no walk could have made. */
export function decided(state: State): Decision | "impossible" {
    const found = reduced(state);
    const place = DIMENSIONS.reduce((sum, [name, values]) =>
        sum * values.length + values.indexOf(found[name]!), 0);
    return ANSWERS[TABLE[place]!]!;
}

/** All reasons for which an access is refused; none if it is done. */
export function reasonsOf(decision: Decision): Reason[] {
    return decision.done ? [] : [decision, ...decision.also];
}

/** True if a bit of a level is one that decides; none is while the TLB has the translation. */
export function decides(state: State, reasons: Reason[], level: number, bit: Bit): boolean {
    if (state.cached !== null) return false;
    const { bits } = state.levels[level]!;
    const needed = reasons.map(reason => reason.bit);
    const bad = firstBad(state);
    if (bad < 0) return needed.includes(bit) && Number(bits[bit]) === reduced(state)[bit];
    if (level !== bad) return false;
    if (!bits["P"]) return bit === "P";
    return bits[bit] && (bit === "reserved" || bit === "XD" && !state.controls["EFER.NXE"]);
}
