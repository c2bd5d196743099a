/** A page walk, drawn from CR3 down to the page. */

import { html, nothing } from "lit-html";

import type { Decider, Entry, Side, Subject, Verdict, Walk } from "../model/document";
import { factName } from "../model/facts";
import { walkAt } from "../model/moment";
import { endingText, makerText, ruleText, sizeText, subjectText } from "../model/text";
import { changedClass, type Content, cycleLink, type Shown } from "./shown";

/** What a drawing of a walk shows beside the entries. */
export interface WalkOptions {
    side:    Side;
    attempt: string | null;
    /** All kinds of access, who stored each entry, and the translation in the TLB. */
    whole:   boolean;
}

/** The walk of a subject in a cycle. */
export function walkView(
    shown: Shown, subject: number, cycle: number, options: WalkOptions,
): Content {
    const { document } = shown;
    const about = document.subjects[subject]!;
    const walk  = walkAt(document, subject, cycle);
    return html`
        <article class="path ${options.side}" aria-label="${subjectText(about)}, ${about.linear}">
            <header>
                <p class="label">${subjectText(about)}</p>
                <p class="linear"><code>${about.linear}</code></p>
            </header>
            ${walk === undefined ? html`<p class="none">Not mapped yet in this cycle.</p>`
                                 : walkBody(shown, about, walk, options)}
        </article>`;
}

function walkBody(shown: Shown, about: Subject, walk: Walk, options: WalkOptions): Content {
    const verdict = options.attempt === null ? undefined : walk.verdicts[options.attempt];
    const decided = verdict?.decided_by ?? [];
    if (!walk.canonical) return html`<p class="none">Not canonical: any access ends in #GP.</p>`;
    if (walk.entries.length === 0) {
        return html`<p class="none">No paging: the linear address is the physical one.</p>`;
    }
    return html`
        <ol class="walk" aria-label="Page walk, root first">
            <li class="root"><span class="level">CR3</span><code>${walk.cr3}</code></li>
            ${walk.entries.map(entry => entryView(shown, about, entry, decided, options))}
        </ol>
        ${controlsView(walk, decided)}
        ${options.attempt !== null && verdict !== undefined
            ? verdictView(options.attempt, verdict) : nothing}
        ${options.whole ? html`${cachedView(shown, about, walk)}
                               ${verdictsView(shown, about, walk, options.attempt)}` : nothing}`;
}

function entryView(
    shown: Shown, about: Subject, entry: Entry, decided: Decider[], options: WalkOptions,
): Content {
    const bits  = decided.filter(({ level }) => level === entry.level).map(({ bit }) => bit);
    const clear = bits.filter(bit => !entry.bits.includes(bit));
    const fact  = factName.entry(about.linear, entry.level);
    return html`
        <li class="entry ${bits.length ? "decides" : ""} ${changedClass(shown, fact)}">
            <span class="level">${entry.level}</span>
            <span class="at">at <code>${entry.address}</code></span>
            <code class="value">${entry.entry}</code>
            <span class="bits">
                ${entry.bits.map(bit => bitView(bit, bits.includes(bit)))}
                ${clear.map(bit => bitView(`${bit} = 0`, true))}
                ${entry.bits.length ? nothing : html`<span class="none">not present</span>`}
            </span>
            <span class="rights" title="rights of all levels so far">
                ${entry.refers_to === null ? "" : entry.rights}</span>
            ${options.whole ? writerView(shown, entry) : nothing}
        </li>`;
}

function bitView(text: string, lit: boolean): Content {
    return lit ? html`<strong class="bit lit">${text}<span class="hidden"> decides</span></strong>`
               : html`<span class="bit">${text}</span>`;
}

function writerView(shown: Shown, entry: Entry): Content {
    const { document } = shown;
    if (entry.store === null) return html`<span class="writer">never written</span>`;
    const { cycle, cpu, walker, functions } = entry.store;
    const function_ = document.functions.indexOf(functions.at(-1) ?? "");
    return html`<span class="writer">written in ${cycleLink(document, cycle, cpu)} by
        ${makerText(document, cpu, walker, function_)}</span>`;
}

/** The control bits that verdicts depend on. */
function controlsView(walk: Walk, decided: Decider[]): Content {
    return html`<p class="bits controls">${Object.entries(walk.registers).map(([name, value]) =>
        bitView(`${name} = ${value}`, decided.some(({ level, bit }) => level === null && bit === name)))}</p>`;
}

/** What becomes of an access, and by which rule. */
export function verdictView(attempt: string, verdict: Verdict): Content {
    return html`
        <div class="verdict ${verdict.done ? "done" : "refused"}">
            <p><strong>${attempt}: ${verdict.done ? "allowed" : endingText(verdict)}</strong></p>
            ${verdict.reason === undefined ? nothing
                : html`<p>${verdict.reason} <span class="rule">(${ruleText(verdict)})</span></p>`}
        </div>`;
}

/** The translation in the TLB, which is asked before the entries are. */
function cachedView(shown: Shown, about: Subject, walk: Walk): Content {
    const { tlb, tlb_reported: reported } = walk;
    if (!reported) return html`<p class="cached none">What the TLB holds is not on record.</p>`;
    const fact = changedClass(shown, factName.cached(about.linear));
    if (tlb === null) return html`<p class="cached ${fact}">TLB: no translation of it</p>`;
    const others = Object.entries(tlb.verdicts).filter(([attempt, verdict]) =>
        walk.verdicts[attempt] && endingText(verdict) !== endingText(walk.verdicts[attempt]));
    return html`
        <p class="cached ${tlb.stale ? "stale" : ""} ${fact}">TLB:
            ${tlb.stale ? html`<strong>stale</strong>,` : "the same,"}
            <code>${tlb.physical}</code>, ${sizeText(tlb.size)}, ${tlb.rights}${
                tlb.dirty ? ", dirty" : ""}${tlb.global ? ", global" : ""}, filled in
            ${cycleLink(shown.document, tlb.filled, about.cpu)}.
            ${others.length ? html`It decides otherwise, and is asked first:
                ${others.map(([attempt, verdict]) =>
                    `${attempt} ${endingText(verdict)}`).join(", ")}.` : nothing}</p>`;
}

function verdictsView(shown: Shown, about: Subject, walk: Walk, attempt: string | null): Content {
    const verdicts = Object.entries(walk.verdicts);
    if (verdicts.length === 0) return nothing;
    return html`
        <table class="verdicts">
            <caption>Each kind of access</caption>
            <tbody>${verdicts.map(([name, verdict]) => html`
                <tr class="${changedClass(shown, factName.verdict(about.linear, name))}
                           ${name === attempt ? "attempted" : ""}">
                    <th scope="row">${name}</th>
                    <td class="${verdict.done ? "done" : "refused"}"
                        title="${verdict.reason ?? ""}">${endingText(verdict)}</td>
                    <td class="rule">${verdict.rule === undefined ? ""
                        : `rule ${verdict.rule}, ${verdict.section}`}</td>
                </tr>`)}
            </tbody>
        </table>`;
}
