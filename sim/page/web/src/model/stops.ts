/** Steps from one cycle in which something happens to the next one. */

import type { RunDocument, Stop } from "./document";
import { lastAt } from "./timeline";

/** What a step looks for, by its name in the document; null is anything. */
type StopKind = string | null;

/** The next stop of a kind after a cycle, or the previous one before it. */
export function nextStop(
    document: RunDocument, cycle: number, kind: StopKind, direction: 1 | -1,
): Stop | null {
    const stops = stopsOf(document, kind);
    const cycleOf = (index: number): number => stops[index]![0];
    return (direction > 0 ? stops[lastAt(stops.length, cycleOf, cycle) + 1]
                          : stops[lastAt(stops.length, cycleOf, cycle - 1)]) ?? null;
}

const sorted = new WeakMap<RunDocument, Map<StopKind, Stop[]>>();

/** All stops of a kind, which are looked for once a document. */
export function stopsOf(document: RunDocument, kind: StopKind): Stop[] {
    const kinds = sorted.get(document) ?? new Map<StopKind, Stop[]>([[null, document.stops]]);
    sorted.set(document, kinds);
    const found = kinds.get(kind) ?? document.stops.filter(stop => stop[1] === kind);
    kinds.set(kind, found);
    return found;
}

/** The claim after or before a place: of several in one cycle, each in its turn. */
export function nextClaim(
    document: RunDocument, cycle: number, claim: number | null, direction: 1 | -1,
): number | null {
    const order = stopsOf(document, "claim").map(stop => stop[3]);
    const at = claim === null ? -1 : order.indexOf(claim);
    if (at >= 0) return order[at + direction] ?? null;
    return nextStop(document, cycle, "claim", direction)?.[3] ?? null;
}
