/** The page on paper: each claim with its walks. */

import { html, nothing } from "lit-html";

import { accessOf } from "../model/moment";
import { claimName, placeOfClaim } from "../model/place";
import { numberText } from "../model/text";
import type { Content, Shown } from "./shown";
import { walkView } from "./walk";

/** All claims, act by act, each with the two walks in the cycle that shows it. */
export function printView(shown: Shown): Content {
    const { document } = shown;
    return html`${document.run.acts.map((act, index) => html`
        <section>
            <h2>${index + 1} ${act.title}</h2>
            ${act.left_out === null ? nothing : html`<p>Left out: ${act.left_out}</p>`}
            <ul>${act.steps.map(step => html`<li>${step.text} (cycle ${numberText(step.cycle)})</li>`)}</ul>
            ${document.claims.flatMap((view, each) =>
                view.act === index ? [claimView(shown, each)] : [])}
        </section>`)}`;
}

function claimView(shown: Shown, index: number): Content {
    const { document } = shown;
    const view  = document.claims[index]!;
    const claim = document.run.acts[view.act]!.claims[view.claim]!;
    const { cycle } = placeOfClaim(document, index);
    return html`
        <div class="claim">
            <h3>${claimName(document, index)} ${claim.holds ? "ok" : "FAILED"}: ${claim.text}</h3>
            <p>${view.cycle === null ? nothing : `Cycle ${numberText(cycle)}: `}${claim.detail}</p>
            ${claim.holds || claim.expected === null ? nothing : html`<p>expected: ${claim.expected}</p>`}
            <div class="pair">${(["left", "right"] as const).map(side => view[side] === null ? nothing
                : walkView(shown, view[side], cycle, {
                    side, whole: false, unused: view.unused.includes(side),
                    attempt: view.side === side ? view.attempt : null,
                    access:  view.side === side ? accessOf(document, view) : null }))}
            </div>
        </div>`;
}
