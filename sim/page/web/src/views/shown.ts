/** What a view draws: a document at a place, and what changed since the place before. */

import { html, nothing, type TemplateResult } from "lit-html";

import type { RunDocument } from "../model/document";
import type { Change } from "../model/facts";
import { fragmentOf, type Place } from "../model/place";
import { numberText } from "../model/text";

export interface Shown {
    document: RunDocument;
    place:    Place;
    changes:  ReadonlyMap<string, Change>;
}

export type Content = TemplateResult | typeof nothing;

/** A class for what changed since the place before, told by a mark as well as by a colour. */
export function changedClass(shown: Shown, fact: string): string {
    return shown.changes.has(fact) ? "changed" : "";
}

/** A link to a place. */
export function placeLink(
    document: RunDocument, place: Partial<Place> & { cycle: number }, content: unknown,
): TemplateResult {
    const whole = { cpu: 0, claim: null, left: null, right: null, ...place };
    return html`<a href="#${fragmentOf(document, whole)}">${content}</a>`;
}

/** A link to a cycle, which shows its number. */
export function cycleLink(document: RunDocument, cycle: number, cpu: number): TemplateResult {
    return placeLink(document, { cycle, cpu }, html`<span class="cycle">${numberText(cycle)}</span>`);
}
