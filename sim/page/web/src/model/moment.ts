/** What the document says of one cycle. */

import type { Access, ClaimView, Frame, Index, Pair, Registers, RunDocument, Side, TlbEntry, Walk,
              Word } from "./document";
import type { Place } from "./place";
import { itemAt, lastAt } from "./timeline";

/** Kernel functions that execute, outermost first; none in user code. */
export function stackAt(document: RunDocument, cpu: number, cycle: number): string[] {
    const mark = itemAt(document.traces[cpu]!.marks, cycle);
    return (mark?.[1] ?? []).map(each => document.functions[each]!);
}

export function registersAt(document: RunDocument, cpu: number, cycle: number): Registers {
    return itemAt(document.traces[cpu]!.states, cycle)?.[1] ?? {};
}

/** A translation that the TLB holds. */
interface Held {
    entry: TlbEntry;
    stale: boolean;
}

/** What the TLB holds, its first level first, then oldest first; null if that is not on record. */
export function tlbAt(document: RunDocument, cpu: number, cycle: number): Held[] | null {
    const changes = document.traces[cpu]!.tlb;
    if (changes === null) return null;
    const held = new Set<number>();
    for (const [when, , came, gone] of changes) {
        if (when >= cycle) break;
        gone.forEach(index => held.delete(index));
        if (came !== null) held.add(came);
    }
    return [...held].map(index => {
        const entry = document.tlb_entries[index]!;
        const stale = entry.stale.some(([since, until]) => since <= cycle && cycle < until);
        return { entry, stale };
    }).sort((one, other) => one.entry.level - other.entry.level);
}

/** The page walk of a subject. */
export function walkAt(document: RunDocument, subject: number, cycle: number): Walk | undefined {
    const found = itemAt(document.subjects[subject]!.walks, cycle);
    return found === undefined ? undefined : document.walks[found[1]];
}

/** The physical address to which the page of a subject takes it; null if there is none. */
export function physicalAt(document: RunDocument, subject: number, cycle: number): bigint | null {
    const page = walkAt(document, subject, cycle)?.page;
    return !page ? null : BigInt(page.physical) +
        BigInt(document.subjects[subject]!.linear) % BigInt(page.size);
}

/** True if a physical address is in a frame. */
export function isIn(frame: Frame, physical: bigint): boolean {
    const begin = BigInt(frame.physical);
    return begin <= physical && physical < begin + BigInt(frame.size);
}

/** The value of a word of a frame, and who stored it; a store counts from the next cycle on. */
export function wordAt(word: Word, cycle: number): Word["values"][number] | undefined {
    return itemAt(word.values, cycle - 1);
}

/** Words of a frame that are known by then. */
export function wordsAt(frame: Frame, cycle: number): [Word, Word["values"][number]][] {
    return frame.words.flatMap(word => {
        const value = wordAt(word, cycle);
        return value === undefined ? [] : [[word, value]];
    });
}

/** Index of the act in which a cycle is, or of the last one before; -1 before the first. */
export function actAt(document: RunDocument, cycle: number): number {
    const { acts } = document.run;
    return lastAt(acts.length, index => acts[index]!.since, cycle);
}

/** The claim of a place. */
export function claimAt(document: RunDocument, place: Place): ClaimView | null {
    return place.claim === null ? null : document.claims[place.claim]!;
}

/** The access behind a claim, as it was recorded; null if there is none. */
export function accessOf(document: RunDocument, claim: ClaimView): Access | null {
    return claim.access === null ? null : document.traces[claim.cpu]!.accesses[claim.access]!;
}

/** The frame in which the path of a subject ends in a cycle, whatever the access; null if elsewhere. */
export function endAt(document: RunDocument, subject: Index | null, cycle: number): Index | null {
    const physical = subject === null ? null : physicalAt(document, subject, cycle);
    const frame = physical === null ? -1
        : document.frames.findIndex(each => isIn(each, physical));
    return frame < 0 ? null : frame;
}

/** Frames in which two paths end; if neither ends in one, the frame that they are about. */
export function framesOf(left: Index | null, right: Index | null, about: Index | null): Index[] {
    const ends = [...new Set([left, right])].filter(each => each !== null);
    return ends.length > 0 ? ends : about === null ? [] : [about];
}

/** The two paths of a place: those of its claim, else of its act, else of the run. */
export function pairAt(document: RunDocument, place: Place): Pair {
    const shown = (pair: Pair | null | undefined): boolean =>
        pair !== null && pair !== undefined && (pair.left !== null || pair.right !== null);
    const found = [claimAt(document, place), document.acts[actAt(document, place.cycle)],
                   document.hero].find(shown);
    return {
        left:   place.left ?? found?.left ?? null,
        right:  place.right ?? found?.right ?? null,
        frame:  found?.frame ?? null,
        unused: (found?.unused ?? []).filter(side => place[side] === null),
    };
}

/** The kind of access whose verdict is shown on a side: the claim's, else that of the two paths. */
export function attemptAt(document: RunDocument, place: Place, side: Side): string | null {
    const claim = takenAt(document, place, side);
    if (claim !== null) return claim.attempt;
    const { hero } = document;
    if (hero === null || pairAt(document, place)[side] !== hero[side]) return null;
    const shown = side === "left" ? hero.refused : hero.done;
    return shown === null ? null : document.claims[shown]!.attempt;
}

/** The claim of a place, if its own access took the path that is shown on a side. */
export function takenAt(document: RunDocument, place: Place, side: Side): ClaimView | null {
    const claim = claimAt(document, place);
    return claim !== null && claim.side === side && place[side] === null ? claim : null;
}
