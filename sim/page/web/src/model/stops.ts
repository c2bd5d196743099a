/** Steps from one cycle in which something happens to the next one. */

import type { RunDocument, Stop } from "./document";
import { lastAt } from "./timeline";

/** What a step looks for, by its name in the document; null is anything. */
type StopKind = string | null;

/** The next stop of a kind after a cycle, or the previous one before it: of several in one cycle
 * the first, from whichever side one comes. */
export function nextStop(
    document: RunDocument, cycle: number, kind: StopKind, direction: 1 | -1,
): Stop | null {
    const stops = stopsOf(document, kind);
    const from = direction > 0 ? cycle : (lastBefore(stops, cycle)?.[0] ?? Infinity) - 1;
    return firstAfter(stops, from) ?? null;
}

function lastBefore(stops: Stop[], cycle: number): Stop | undefined {
    return stops[lastAt(stops.length, index => stops[index]![0], cycle - 1)];
}

function firstAfter(stops: Stop[], cycle: number): Stop | undefined {
    return stops[lastAt(stops.length, index => stops[index]![0], cycle) + 1];
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
    const stops = stopsOf(document, "claim");
    const order = stops.map(stop => stop[3]);
    const at = claim === null ? -1 : order.indexOf(claim);
    if (at >= 0) return order[at + direction] ?? null;
    return (direction > 0 ? firstAfter(stops, cycle) : lastBefore(stops, cycle))?.[3] ?? null;
}
