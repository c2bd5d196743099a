/** Where a visitor is on the tour, and what was played for it. */

import type { Claim, RunDocument } from "../../model/document";
import { type Place, placeOfClaim } from "../../model/place";
import { plain } from "../link";
import type { Station, Tour, Wanted } from "../messages";

/** A place on the tour: 0 before the first station, and one more than there are behind the last. */
export interface Route {
    at:     number;
    /** The run as it is; null as long as it was not played. */
    base:   RunDocument | null;
    /** What was tried, by the number of the station. */
    tried:  ReadonlyMap<number, RunDocument>;
    /** What was tried is drawn, and not the run as it is. */
    trying: boolean;
}

export const BEGIN: Route = { at: 0, base: null, tried: new Map(), trying: false };

/** The station at a place; undefined before the first and behind the last. */
export function stationAt({ stations }: Tour, { at }: Route): Station | undefined {
    return stations[at - 1];
}

/** At another place; the run as it is comes first. */
export function moved(route: Route, at: number, { stations }: Tour): Route {
    return { ...route, at: Math.min(Math.max(at, 0), stations.length + 1), trying: false };
}

/** What is played for the tour, or for the trial of a station. */
export function wantedFor({ scenario }: Tour, station: Station | null): Wanted {
    return { ...plain({ name: scenario, text: null }), ...station?.choice };
}

/** The run that is drawn at a place; null if it was not played yet. */
export function drawnAt(route: Route): RunDocument | null {
    return (route.trying ? route.tried.get(route.at) : undefined) ?? route.base;
}

/** The place in a run that a station draws; null if that run has not come so far. */
export function placeAt(document: RunDocument, { act, claim }: Station): Place | null {
    const index = document.claims.findIndex(each => each.act === act - 1 && each.claim === claim - 1);
    return index < 0 ? null : placeOfClaim(document, index);
}

/** The claims of a station's act. */
export function claimsAt(document: RunDocument, { act }: Station): Claim[] {
    return document.run.acts[act - 1]?.claims ?? [];
}

/** What came of a trial: the claims that failed, and whether these are the ones to expect. */
export interface Outcome {
    failed:   Claim[];
    expected: boolean;
    all:      number;
}

export function outcomeOf(document: RunDocument, station: Station): Outcome {
    const claims = claimsAt(document, station);
    const failed = claims.flatMap((claim, index) => claim.holds ? [] : [index + 1]);
    return {
        failed:   failed.map(number => claims[number - 1]!),
        expected: claims.length > 0 && failed.join() === station.fails.join(),
        all:      claims.length,
    };
}
