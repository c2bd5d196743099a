/** The acts: what was done, what is claimed, and what the kernel did for it. */

import { html, nothing } from "lit-html";

import type { Act, FunctionCall, RunDocument } from "../model/document";
import { actAt } from "../model/moment";
import { claimName, placeOfClaim } from "../model/place";
import { functionText, numberText } from "../model/text";
import { type Content, cycleLink, placeLink, type Shown } from "./shown";

/** All acts of a run, as far as it is played. */
export function actsView(shown: Shown): Content {
    const current = actAt(shown.document, shown.place.cycle);
    return html`<ol class="acts">${shown.document.run.acts.map((act, index) =>
        html`<li class="${index === current ? "current" : ""}">${actView(shown, act, index)}</li>`)}
    </ol>`;
}

function actView(shown: Shown, act: Act, index: number): Content {
    const { document } = shown;
    const calls = document.acts[index]?.functions ?? [];
    return html`
        <h3>${placeLink(document, { cycle: act.since }, html`
            <span class="number">${index + 1}</span> ${act.title}`)}</h3>
        ${act.left_out === null ? html`
            <p class="cycles">Cycles ${numberText(act.since)} to ${numberText(act.until - 1)}</p>`
            : html`<p class="left-out">Left out: ${act.left_out}</p>`}
        ${act.steps.length === 0 ? nothing : html`
            <ul class="steps" aria-label="Steps">${act.steps.map(step => html`
                <li>${step.text} <span class="where">${cycleLink(document, step.cycle, 0)}</span></li>`)}
            </ul>`}
        ${act.claims.length === 0 ? nothing : html`
            <ol class="claims" aria-label="Claims">${document.claims.flatMap((view, each) =>
                view.act === index ? [claimView(shown, each)] : [])}</ol>`}
        ${calls.length === 0 ? nothing : html`
            <details><summary>What the kernel did</summary>${callsView(shown, calls)}</details>`}`;
}

function claimView(shown: Shown, index: number): Content {
    const { document, place } = shown;
    const view  = document.claims[index]!;
    const claim = document.run.acts[view.act]!.claims[view.claim]!;
    return html`
        <li class="claim ${claim.holds ? "holds" : "fails"}">
            <a href="#claim=${claimName(document, index)}"
               aria-current=${place.claim === index ? "location" : nothing}>
                <span class="sign">${claim.holds ? "ok" : "FAILED"}</span>
                <span class="text">${claim.text}</span>
                <span class="where">${view.cycle === null ? nothing : html`
                    <span class="hidden">cycle </span>${numberText(placeOfClaim(document, index).cycle)}`}
                </span>
            </a>
            ${claim.holds && place.claim !== index ? nothing : html`
                <p class="detail">${claim.detail}</p>`}
            ${claim.holds || claim.expected === null ? nothing : html`
                <p class="detail">expected: ${claim.expected}</p>`}
        </li>`;
}

/** A function that was called, with those that it called. */
interface Node {
    call:   FunctionCall;
    called: Node[];
}

function callsView(shown: Shown, calls: FunctionCall[]): Content {
    return nodesView(shown, treeOf(calls));
}

function nodesView(shown: Shown, nodes: Node[]): Content {
    const { document } = shown;
    return html`<ul class="calls">${nodes.map(({ call, called }) => html`
        <li><span class="call ${inside(shown, call) ? "current" : ""}">
                ${placeLink(document, { cycle: call[2], cpu: call[4] }, html`
                    <code>${functionText(document, call[1])}</code>
                    <span class="where">${numberText(call[2])}</span>`)}
            </span>
            ${call[5].map(text => html`<p class="notable">${text}</p>`)}
            ${called.length === 0 ? nothing : nodesView(shown, called)}</li>`)}</ul>`;
}

function inside(shown: Shown, [, , since, until]: FunctionCall): boolean {
    return since <= shown.place.cycle && shown.place.cycle < until;
}

/** Calls in the order of their begins, as a tree by their depths. */
function treeOf(calls: readonly FunctionCall[]): Node[] {
    const roots: Node[] = [];
    const path:  Node[] = [];
    for (const call of calls) {
        while (path.length && path.at(-1)!.call[0] >= call[0]) path.pop();
        const node = { call, called: [] };
        (path.at(-1)?.called ?? roots).push(node);
        path.push(node);
    }
    return roots;
}

/** Words for an act at a cycle. */
export function actText(document: RunDocument, cycle: number): string {
    const index = actAt(document, cycle);
    return index < 0 ? "before the first act"
                     : `act ${index + 1}: ${document.run.acts[index]!.title}`;
}
