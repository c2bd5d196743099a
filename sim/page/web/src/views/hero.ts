/** The two paths of the whole run: the first thing to look at. */

import { html, nothing } from "lit-html";

import type { RunDocument, Side } from "../model/document";
import { accessOf, arrives } from "../model/moment";
import { type FirstPath, type FirstPaths, firstPaths } from "../model/paths";
import { claimName, placeOfClaim } from "../model/place";
import { arrowsView, type End, frameChange } from "./frame";
import { type Content, placeLink, type Shown } from "./shown";
import { walkView } from "./walk";

/** The two walks, and the frame in which they end. */
export function heroView(shown: Shown): Content {
    const { document } = shown;
    const paths = firstPaths(document);
    if (paths === null) return nothing;
    const { frame } = paths.pair;
    const act = document.run.acts[paths.act];
    const interval: [number, number] = act === undefined ? [0, document.run.cycles]
                                                         : [act.since, act.until];
    return html`
        <h2 id="hero-title">${paths.stale ? "Two paths, and a TLB that is stale"
                                          : "Two paths to the same bytes"}</h2>
        <p>Each starts at CR3 and goes down the page tables, an entry a level. The rights of all levels
            count together. ${meaningOf(document, paths)}</p>
        <div class="pair">
            ${sideView(shown, paths, "left")}
            ${sideView(shown, paths, "right")}
            ${frame === null ? nothing : html`
                ${arrowsView(endOf(document, paths.left, frame), endOf(document, paths.right, frame))}
                ${frameChange(document, frame, ...interval)}`}
        </div>`;
}

/** Words for the two paths together: only what is so in the cycles that are shown. */
function meaningOf(document: RunDocument, { pair, left, right, stale }: FirstPaths): Content {
    if (stale) {
        return html`In this cycle a TLB still holds a translation that memory contradicts, and it is the
            TLB that is asked first.`;
    }
    const meet = pair.frame !== null && [left, right].every(path => path !== null
        && arrives(document, path.subject, pair.frame!, path.cycle));
    if (!meet) return nothing;
    return left!.claim === null ? html`Both end in one frame.`
        : html`A bit that decides is <strong class="bit lit">lit</strong>. Both end in one frame: by the
            left address the store is refused, by the right one it is done.`;
}

/** Where a path ends: before the frame if its access was refused. */
function endOf(document: RunDocument, path: FirstPath | null, frame: number): End {
    if (path === null || !arrives(document, path.subject, frame, path.cycle)) return "elsewhere";
    return path.claim !== null && path.claim === document.hero?.refused ? "refused" : "arrives";
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
