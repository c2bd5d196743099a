/** The two walks of a station, and the frames in which they end. */

import { html, nothing } from "lit-html";

import type { RunDocument, Side } from "../../model/document";
import { accessOf, attemptAt, claimAt, endAt, pairAt, takenAt } from "../../model/moment";
import { fragmentOf, type Place } from "../../model/place";
import { numberText } from "../../model/text";
import { endsView, frameView } from "../../views/frame";
import type { Content } from "../../views/shown";
import { walkView } from "../../views/walk";

export function pictureView(document: RunDocument, place: Place): Content {
    const shown = { document, place, changes: new Map() };
    const pair  = pairAt(document, place);
    const ends  = { left: endAt(document, pair.left, place.cycle),
                    right: endAt(document, pair.right, place.cycle),
                    refused: isRefused(document, place) };
    return html`
        <figure>
            <div class="pair">
                ${(["left", "right"] as const).map(side => pair[side] === null ? nothing : html`
                    <div class="side ${side}">${walkView(shown, pair[side], place.cycle, {
                        side, whole: false, attempt: attemptAt(document, place, side),
                        access: accessAt(document, place, side),
                        unused: pair.unused.includes(side) })}</div>`)}
                ${endsView(ends, pair.frame, (frame, side) => frameView(shown, frame, side))}
            </div>
            <figcaption>The page walks in cycle ${numberText(place.cycle)}.
                <a href="#${fragmentOf(document, place)}">Everything about this cycle</a></figcaption>
        </figure>`;
}

/** The access of the claim, beside the path that it took. */
function accessAt(document: RunDocument, place: Place, side: Side): ReturnType<typeof accessOf> {
    const claim = takenAt(document, place, side);
    return claim === null ? null : accessOf(document, claim);
}

/** True if the access of the claim took the path on the left, and was refused. */
function isRefused(document: RunDocument, place: Place): boolean {
    const claim  = claimAt(document, place);
    const access = claim === null ? null : accessOf(document, claim);
    return claim?.side === "left" && access !== null && document.faults[access[9]] === "PAGE_FAULT";
}
