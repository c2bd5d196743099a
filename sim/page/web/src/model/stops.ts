/** Steps from one cycle in which something happens to the next one. */

import type { RunDocument, Stop } from "./document";
import { lastAt } from "./timeline";

/** What a step looks for, by its name in the document; null is anything. */
export type StopKind = string | null;

/** The next stop of a kind after a cycle, or the previous one before it. */
export function nextStop(
    document: RunDocument, cycle: number, kind: StopKind, direction: 1 | -1,
): Stop | null {
    const { stops } = document;
    const cycleOf = (index: number): number => stops[index]![0];
    let index = direction > 0 ? lastAt(stops.length, cycleOf, cycle) + 1
                              : lastAt(stops.length, cycleOf, cycle - 1);
    while (index >= 0 && index < stops.length) {
        const stop = stops[index]!;
        if (kind === null || stop[1] === kind) return stop;
        index += direction;
    }
    return null;
}

/** The claim after or before a place: of several in one cycle, each in its turn. */
export function nextClaim(
    document: RunDocument, cycle: number, claim: number | null, direction: 1 | -1,
): number | null {
    const order = document.stops.filter(stop => stop[1] === "claim").map(stop => stop[3]);
    const at = claim === null ? -1 : order.indexOf(claim);
    if (at >= 0) return order[at + direction] ?? null;
    return nextStop(document, cycle, "claim", direction)?.[3] ?? null;
}
