/** The two paths of the whole run: the first thing to look at. */

import { html, nothing } from "lit-html";

import type { Index, RunDocument, Side } from "../model/document";
import { accessOf, endAt } from "../model/moment";
import { type FirstPath, type FirstPaths, firstPaths } from "../model/paths";
import { claimName, placeOfClaim } from "../model/place";
import { endsView, frameChange } from "./frame";
import { type Content, placeLink, type Shown } from "./shown";
import { walkView } from "./walk";

/** The two walks, and the frame in which they end. */
export function heroView(shown: Shown): Content {
    const { document } = shown;
    const paths = firstPaths(document);
    if (paths === null) return nothing;
    const [left, right] = [endOf(document, paths.left), endOf(document, paths.right)];
    const act = document.run.acts[paths.act];
    const interval: [number, number] = act === undefined ? [0, document.run.cycles]
                                                         : [act.since, act.until];
    return html`
        <h2 id="hero-title">${paths.stale ? "Two paths, and a TLB that is stale"
            : left !== null && left === right ? "Two paths to the same bytes" : "Two paths"}</h2>
        <p>Each starts at CR3 and goes down the page tables, an entry a level. The rights of all levels
            count together. ${meaningOf(document, paths)}</p>
        <div class="pair">
            ${sideView(shown, paths, "left")}
            ${sideView(shown, paths, "right")}
            ${endsView({ left, right, refused: isRefused(document, paths.left) }, paths.pair.frame,
                       (frame, side) => frameChange(document, frame, side, ...interval))}
        </div>`;
}

/** Words for the two paths together: only what is so in the cycles that are shown. */
function meaningOf(document: RunDocument, { left, right, stale }: FirstPaths): Content {
    if (stale) {
        return html`In this cycle a TLB still holds a translation that memory contradicts, and it is the
            TLB that is asked first.`;
    }
    const end = endOf(document, left);
    if (end === null || end !== endOf(document, right)) return nothing;
    return left!.claim === null ? html`Both end in one frame.`
        : html`A bit that decides is <strong class="bit lit">lit</strong>. Both end in one frame: by the
            left address the store is refused, by the right one it is done.`;
}

/** The frame in which a path ends. */
function endOf(document: RunDocument, path: FirstPath | null): Index | null {
    return path === null ? null : endAt(document, path.subject, path.cycle);
}

/** True if the access that took a path was refused. */
function isRefused({ hero }: RunDocument, path: FirstPath | null): boolean {
    return path !== null && path.claim !== null && path.claim === hero?.refused;
}

function sideView(shown: Shown, paths: FirstPaths, side: Side): Content {
    const path = paths[side];
    if (path === null) return nothing;
    const { document } = shown;
    const { claim, cycle, subject } = path;
    const view = claim === null ? null : document.claims[claim]!;
    return html`
        <div class="side ${side}">
            ${walkView({ ...shown, changes: new Map() }, subject, cycle, {
                side, whole: false, unused: paths.pair.unused.includes(side),
                attempt: view?.attempt ?? null,
                access: view === null ? null : accessOf(document, view) })}
            ${claim === null || view === null ? nothing : html`
                <p class="evidence">${placeLink(document, placeOfClaim(document, claim),
                    html`Claim ${claimName(document, claim)}`)}:
                    ${document.run.acts[view.act]!.claims[view.claim]!.text}</p>`}
        </div>`;
}
