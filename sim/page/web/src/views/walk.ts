/** A page walk, drawn from CR3 down to the page. */

import { html, nothing } from "lit-html";

import type { Access, Decider, Entry, Side, Subject, Verdict, Walk } from "../model/document";
import { factName } from "../model/facts";
import { registersAt, walkAt } from "../model/moment";
import { accessText, addressText, endingText, makerText, numberText, reasonsOf, resultText, sizeText,
         subjectText } from "../model/text";
import { changedClass, type Content, cycleLink, type Shown } from "./shown";

/** What a drawing of a walk shows beside the entries. */
interface WalkOptions {
    side:    Side;
    /** The kind of access whose verdict is shown, and such a one as it was recorded. */
    attempt: string | null;
    access:  Access | null;
    /** No access of the act took this path. */
    unused:  boolean;
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
                <p class="linear"><code>${about.linear}</code>
                    ${options.whole ? nothing : html`<span class="as-of">as of cycle
                        ${cycleLink(document, cycle, about.cpu)}</span>`}
                    ${options.unused ? html`<span class="none">No access of this act went this
                        way.</span>` : nothing}</p>
            </header>
            ${walk === undefined ? html`<p class="none">No processor has had CR3 ${about.cr3} yet.</p>`
                                 : walkBody(shown, about, walk, cycle, options)}
            ${options.access === null ? nothing : recordedView(shown, options.access)}
            ${options.whole && about.command ? terminalView(about.command, cycle) : nothing}
        </article>`;
}

function walkBody(
    shown: Shown, about: Subject, walk: Walk, cycle: number, options: WalkOptions,
): Content {
    const verdict = options.attempt === null ? undefined : walk.verdicts[options.attempt];
    const address = addressText(shown.document, about);
    const decided = verdict === undefined ? [] : reasonsOf(verdict).flatMap(each => each.decided_by);
    if (!walk.canonical) return html`<p class="none">Not canonical: any access ends in #GP.</p>`;
    if (walk.entries.length === 0) {
        return html`<p class="none">No paging: the linear address is the physical one.</p>`;
    }
    return html`
        <ol class="walk" aria-label="Page walk, root first">
            <li class="root"><span class="level">CR3</span><code>${walk.cr3}</code>
                ${walk.loaded ? nothing : html`<span class="as-of">not loaded: it is
                    <code>${registersAt(shown.document, about.cpu, cycle)["cr3"]}</code></span>`}</li>
            ${walk.entries.map(entry => entryView(shown, address, entry, decided, options))}
        </ol>
        ${controlsView(walk, decided)}
        ${options.attempt === null ? nothing : judgedView(options.attempt, walk)}
        ${options.whole || walk.tlb !== null ? cachedView(shown, about, walk) : nothing}
        ${options.whole ? verdictsView(shown, address, walk, options.attempt) : nothing}`;
}

function entryView(
    shown: Shown, address: string, entry: Entry, decided: Decider[], options: WalkOptions,
): Content {
    const bits  = decided.filter(({ level }) => level === entry.level).map(({ bit }) => bit);
    const clear = bits.filter(bit => !entry.bits.includes(bit));
    const fact  = factName.entry(address, entry.level);
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

/** What becomes of a kind of access: by the TLB, where that says otherwise, and by the entries. */
function judgedView(attempt: string, walk: Walk): Content {
    const verdict = walk.verdicts[attempt];
    if (verdict === undefined) return nothing;
    if (!overruled(walk, attempt)) return verdictView(attempt, verdict, "");
    const { stale, verdicts } = walk.tlb!;
    return html`
        ${verdictView(attempt, verdicts[attempt]!, `by the ${stale ? "STALE " : ""}translation in the TLB,
            which is asked first`)}
        ${verdictView(attempt, verdict, "by the entries in memory")}`;
}

/** True if the TLB, which is asked first, decides a kind of access otherwise than the entries. */
function overruled({ tlb, verdicts }: Walk, attempt: string): boolean {
    const [first, entries] = [tlb?.verdicts[attempt], verdicts[attempt]];
    return first !== undefined && entries !== undefined && endingText(first) !== endingText(entries);
}

/** What becomes of an access by who says it, and all rules by which it is refused. */
function verdictView(attempt: string, verdict: Verdict, by: string): Content {
    return html`
        <div class="verdict ${verdict.done ? "done" : "refused"}">
            <p><strong>${attempt}: ${verdict.done ? "allowed" : endingText(verdict)}</strong>
                ${by ? html`<span class="by">${by}</span>` : nothing}</p>
            ${reasonsOf(verdict).map(({ reason, rule, section }) => html`
                <p class="reason">${reason}
                    <span class="rule">(rule ${rule}; SDM Vol. 3A, ${section})</span></p>`)}
        </div>`;
}

/** An access as it was recorded: what it was, its cycles, and its end. */
function recordedView({ document }: Shown, access: Access): Content {
    const [accepted, completed] = access;
    const cycles = completed < 0 ? `from cycle ${numberText(accepted)} on`
        : `in cycles ${numberText(accepted)} to ${numberText(completed)}`;
    return html`<p class="recorded"><strong>Recorded</strong> ${cycles}:
        ${accessText(document, access)}: ${resultText(document, access)}</p>`;
}

/** The command that shows the walk, and what the kernel knows of it, which the page does not. */
function terminalView(command: string, cycle: number): Content {
    return html`<p class="terminal">In the terminal, with mapping and reference count:
        <code>${command} ${cycle}</code></p>`;
}

/** The translation in the TLB, which is asked before the entries are. */
function cachedView(shown: Shown, about: Subject, walk: Walk): Content {
    const { tlb, tlb_reported: reported } = walk;
    if (!reported) return html`<p class="cached none">What the TLB holds is not on record.</p>`;
    const fact = changedClass(shown, factName.cached(addressText(shown.document, about)));
    if (tlb === null) return html`<p class="cached ${fact}">TLB: no translation of it</p>`;
    const others = Object.entries(tlb.verdicts).filter(([attempt]) => overruled(walk, attempt));
    return html`
        <p class="cached ${tlb.stale ? "stale" : ""} ${fact}">TLB:
            ${tlb.stale ? html`<strong>STALE</strong>,` : "the same,"}
            <code>${tlb.physical}</code>, ${sizeText(tlb.size)}, ${tlb.rights}${
                tlb.dirty ? ", dirty" : ""}${tlb.global ? ", global" : ""}, filled in
            ${cycleLink(shown.document, tlb.filled, about.cpu)}${
                tlb.level === 2 ? ", in the second level" : ""}.
            ${others.length ? html`It decides otherwise, and is asked first:
                ${others.map(([attempt, verdict]) =>
                    `${attempt} ${endingText(verdict)}`).join(", ")}.` : nothing}</p>`;
}

function verdictsView(shown: Shown, address: string, walk: Walk, attempt: string | null): Content {
    const verdicts = Object.entries(walk.verdicts);
    if (verdicts.length === 0) return nothing;
    return html`
        <table class="verdicts">
            <caption>Each kind of access</caption>
            <tbody>${verdicts.map(([name, verdict]) => html`
                <tr class="${changedClass(shown, factName.verdict(address, name))}
                           ${name === attempt ? "attempted" : ""}">
                    <th scope="row">${name}</th>
                    <td class="${verdict.done ? "done" : "refused"}"
                        title="${reasonsOf(verdict).map(({ reason }) => reason).join("; ")}">${endingText(verdict)}</td>
                    <td class="rule">${rulesOf(verdict).map((rule, index) =>
                        html`${index ? "; " : ""}<span>${rule}</span>`)}</td>
                </tr>`)}
            </tbody>
        </table>`;
}

/** The rules by which an access is refused, each once. */
function rulesOf(verdict: Verdict): string[] {
    return [...new Set(reasonsOf(verdict).map(({ rule, section }) => `rule ${rule}, ${section}`))];
}
