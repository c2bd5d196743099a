/** A place in a run, and the fragment of the URL that keeps it. */

import type { RunDocument } from "./document";
import { isShared } from "./text";

/**
 * A place: a cycle as one processor sees it, perhaps that of a claim.
 *
 * `left` and `right` are subjects that the reader has chosen instead of those of claim or act.
 */
export interface Place {
    cycle: number;
    cpu:   number;
    claim: number | null;
    left:  number | null;
    right: number | null;
}

/** The place of a claim: the cycle in which it can be seen, or the last of its act if it has none. */
export function placeOfClaim(document: RunDocument, claim: number): Place {
    const view = document.claims[claim]!;
    const cycle = view.shown ?? document.run.acts[view.act]!.until - 1;
    return { cycle, cpu: view.cpu, claim, left: null, right: null };
}

/** Where a page opens: at the refusal of the two paths, or at the first claim. */
export function firstPlace(document: RunDocument): Place {
    const claim = document.hero?.refused ?? (document.claims.length ? 0 : null);
    return claim === null ? { cycle: 0, cpu: 0, claim: null, left: null, right: null }
                          : placeOfClaim(document, claim);
}

/** A claim as people count: act and claim, both from 1. */
export function claimName(document: RunDocument, claim: number): string {
    const view = document.claims[claim]!;
    return `${view.act + 1}.${view.claim + 1}`;
}

/** The fragment of a place: `claim=2.1`, or `cycle=7032&cpu=0`; perhaps with an explorer's state. */
export function fragmentOf(
    document: RunDocument, place: Place, explored: string | null = null,
): string {
    const found = new URLSearchParams(place.claim === null
        ? { cycle: String(place.cycle), cpu: String(place.cpu) }
        : { claim: claimName(document, place.claim) });
    for (const side of ["left", "right"] as const) {
        const subject = place[side];
        if (subject !== null) found.set(side, subjectName(document, subject));
    }
    if (explored !== null) found.set("explorer", explored);
    return found.toString();
}

/**
 * An address as a link has it; with several processors, also whose it is: `0x7fff0000.1`. If it is in
 * several address spaces, last comes the CR3 of its own: `0x7fff0000.0xd000`.
 */
function subjectName(document: RunDocument, subject: number): string {
    const about = document.subjects[subject]!;
    return [about.linear, ...document.cpus > 1 ? [about.cpu] : [],
            ...isShared(document, about) ? [about.cr3] : []].join(".");
}

/** The explorer's state in a fragment; null if there is none. */
export function exploredIn(fragment: string): string | null {
    return new URLSearchParams(fragment.replace(/^#/, "")).get("explorer");
}

/** The place of a fragment; null if it names none of this run. */
export function placeOf(document: RunDocument, fragment: string): Place | null {
    const found = new URLSearchParams(fragment.replace(/^#/, ""));
    const chosen = { left: subject(document, found.get("left")),
                     right: subject(document, found.get("right")) };
    const name = found.get("claim");
    if (name !== null) {
        const claim = document.claims.findIndex((_, each) => claimName(document, each) === name);
        return claim < 0 ? null : { ...placeOfClaim(document, claim), ...chosen };
    }
    const cycle = index(found.get("cycle"), document.run.cycles + 1);
    return cycle === null ? null
        : { cycle, cpu: index(found.get("cpu"), document.cpus) ?? 0, claim: null, ...chosen };
}

function subject(document: RunDocument, name: string | null): number | null {
    const found = document.subjects.findIndex((_, each) => subjectName(document, each) === name);
    return found < 0 ? null : found;
}

function index(text: string | null, length: number): number | null {
    return text !== null && /^\d+$/.test(text) && Number(text) < length ? Number(text) : null;
}
