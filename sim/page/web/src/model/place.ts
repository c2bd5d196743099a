/** A place in a run, and the fragment of the URL that keeps it. */

import type { RunDocument } from "./document";

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

/** The place of a claim: the cycle that shows it, or the begin of its act if none does. */
export function placeOfClaim(document: RunDocument, claim: number): Place {
    const view = document.claims[claim]!;
    const cycle = view.cycle ?? document.run.acts[view.act]!.since;
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

/** The fragment of a place: `claim=2.1`, or `cycle=7032&cpu=0`. */
export function fragmentOf(document: RunDocument, place: Place): string {
    const found = new URLSearchParams(place.claim === null
        ? { cycle: String(place.cycle), cpu: String(place.cpu) }
        : { claim: claimName(document, place.claim) });
    if (place.left !== null) found.set("left", String(place.left));
    if (place.right !== null) found.set("right", String(place.right));
    return found.toString();
}

/** The place of a fragment; null if it names none of this run. */
export function placeOf(document: RunDocument, fragment: string): Place | null {
    const found = new URLSearchParams(fragment.replace(/^#/, ""));
    const chosen = {
        left:  index(found.get("left"), document.subjects.length),
        right: index(found.get("right"), document.subjects.length),
    };
    const name = found.get("claim");
    if (name !== null) {
        const claim = document.claims.findIndex((_, each) => claimName(document, each) === name);
        return claim < 0 ? null : { ...placeOfClaim(document, claim), ...chosen };
    }
    const cycle = index(found.get("cycle"), document.run.cycles + 1);
    return cycle === null ? null
        : { cycle, cpu: index(found.get("cpu"), document.cpus) ?? 0, claim: null, ...chosen };
}

function index(text: string | null, length: number): number | null {
    return text !== null && /^\d+$/.test(text) && Number(text) < length ? Number(text) : null;
}
