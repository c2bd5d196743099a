/** The two paths of the whole run: the first thing to look at. */

import { html, nothing } from "lit-html";

import type { Hero, RunDocument, Side } from "../model/document";
import { claimName, placeOfClaim } from "../model/place";
import { arrowsView, frameChange } from "./frame";
import { type Content, placeLink, type Shown } from "./shown";
import { walkView } from "./walk";

/** The two walks, and the frame in which they end. */
export function heroView(shown: Shown): Content {
    const { document } = shown;
    const { hero } = document;
    if (hero === null) return nothing;
    const told = hero.refused !== null && hero.done !== null;
    return html`
        <h2 id="hero-title">Two paths to the same bytes</h2>
        <p>Each starts at CR3 and goes down the page tables, an entry a level. The rights of all levels
            count together${told ? html`; a bit that decides is <strong class="bit lit">lit</strong>. Both
            end in one frame: by the left address the store is refused, by the right one it is done.`
            : html`. Both end in one frame.`}</p>
        <div class="pair">
            ${sideView(shown, hero, "left")}
            ${sideView(shown, hero, "right")}
            ${hero.frame === null ? nothing : html`
                ${arrowsView(told ? "refused" : "arrives", "arrives")}
                ${frameChange(document, hero.frame, ...interval(document, hero))}`}
        </div>`;
}

function sideView(shown: Shown, hero: Hero, side: Side): Content {
    const { document } = shown;
    const subject = hero[side];
    if (subject === null) return nothing;
    const index = side === "left" ? hero.refused : hero.done;
    const place = index === null ? null : placeOfClaim(document, index);
    const view  = index === null ? null : document.claims[index]!;
    return html`
        <div class="side ${side}">
            ${walkView({ ...shown, changes: new Map() }, subject,
                       place?.cycle ?? interval(document, hero)[1],
                       { side, attempt: view?.attempt ?? null, whole: false })}
            ${index === null || place === null || view === null ? nothing : html`
                <p class="evidence">${placeLink(document, place,
                    html`Claim ${claimName(document, index)}`)}:
                    ${document.run.acts[view.act]!.claims[view.claim]!.text}</p>`}
        </div>`;
}

/** The act that is about the two paths: its first cycle, and the one after its last. */
function interval({ acts, claims, run }: RunDocument, hero: Hero): [number, number] {
    const index = hero.done !== null ? claims[hero.done]!.act
        : acts.findIndex(({ left, right }) => left === hero.left && right === hero.right);
    const act = run.acts[index];
    return act === undefined ? [0, run.cycles] : [act.since, act.until];
}
