/** The two paths that a page shows first, each in the cycle in which it is to be seen. */

import type { Cycle, Pair, RunDocument, Side } from "./document";
import { placeOfClaim } from "./place";

/** One of the two paths; `claim` is the index of the claim that shows it, or null. */
export interface FirstPath {
    subject: number;
    cycle:   Cycle;
    claim:   number | null;
}

/** Both, their act, and true for `stale` if they show a translation that memory contradicts. */
export interface FirstPaths {
    act:   number;
    pair:  Pair;
    left:  FirstPath | null;
    right: FirstPath | null;
    stale: boolean;
}

/**
 * The two paths of a run: of a refusal and of the store that is done all the same; else of an act
 * in which the TLB holds what memory contradicts; else of the first act that has two.
 */
export function firstPaths(document: RunDocument): FirstPaths | null {
    const { hero, claims, acts, run } = document;
    if (hero === null) return null;
    if (hero.refused !== null && hero.done !== null) {
        const path = (side: Side, claim: number): FirstPath | null => hero[side] === null ? null
            : { subject: hero[side], claim, cycle: placeOfClaim(document, claim).cycle };
        return { act: claims[hero.done]!.act, pair: hero, stale: false,
                 left: path("left", hero.refused), right: path("right", hero.done) };
    }
    const stale = staleMoment(document);
    const act   = stale?.act ?? acts.findIndex(({ left, right }) =>
        left === hero.left && right === hero.right);
    const pair  = acts[act] ?? hero;
    const cycle = stale?.cycle ?? run.acts[act]?.until ?? run.cycles;
    const path  = (side: Side): FirstPath | null => pair[side] === null ? null
        : { subject: pair[side], claim: null, cycle };
    return { act, pair, left: path("left"), right: path("right"), stale: stale !== null };
}

/** The first cycle, in an act with two paths, from which on the TLB contradicts memory on one. */
function staleMoment({ acts, run, subjects, walks }: RunDocument): { act: number; cycle: Cycle } | null {
    for (const [act, pair] of acts.entries()) {
        const { since, until } = run.acts[act]!;
        if (pair.left === null || pair.right === null) continue;
        const cycles = [pair.left, pair.right].flatMap(subject => subjects[subject]!.walks
            .filter(([cycle, walk]) => since <= cycle && cycle < until && walks[walk]!.tlb?.stale)
            .map(([cycle]) => cycle));
        if (cycles.length > 0) return { act, cycle: Math.min(...cycles) };
    }
    return null;
}
