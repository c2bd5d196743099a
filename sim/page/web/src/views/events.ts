/** What happens in a cycle, and what changed since the place before. */

import { html, nothing } from "lit-html";

import type { RunDocument, Stop } from "../model/document";
import { itemAt, itemsOf } from "../model/timeline";
import { accessText, numberText, ofProcessor, resultText, storeText } from "../model/text";
import type { Content, Shown } from "./shown";

/** Changes that are named at most; the drawings mark them all. */
const MOST = 8;

/** Everything that happens in the cycle of a place. */
export function eventsView(shown: Shown): Content {
    const { document, place } = shown;
    const events = itemsOf(document.stops, place.cycle).map(([stop]) => stop)
        .filter(([, kind, , index]) => kind !== "act" && !(kind === "claim" && index === place.claim));
    const last = events.some(stop => stop[1] === "access") ? null : lastAccess(shown);
    return html`
        <ul class="events" aria-label="In this cycle">
            ${events.map(stop => html`
                <li class="${stop[1]}"><span class="kind">${stop[1]}</span>
                    ${stopText(document, stop)}${ofProcessorOf(document, stop)}</li>`)}
            ${last === null ? nothing : html`<li class="last"><span class="kind">last access</span>
                ${last}</li>`}
        </ul>`;
}

function ofProcessorOf(document: RunDocument, stop: Stop): string {
    return stop[1] === "claim" || document.cpus === 1 ? "" : `;${ofProcessor(document, stop[2])}`;
}

function lastAccess({ document, place }: Shown): string | null {
    const access = itemAt(document.traces[place.cpu]!.accesses, place.cycle);
    return access === undefined ? null
        : `in ${numberText(access[0])}: ${accessText(document, access)}: ` +
          (access[1] > place.cycle ? "not completed yet" : resultText(document, access));
}

/** What happens at a stop. */
export function stopText(document: RunDocument, [, kind, cpu, index]: Stop): string {
    const trace = document.traces[cpu]!;
    switch (kind) {
        case "act":       return document.run.acts[index]!.title;
        case "claim": {
            const { act, claim } = document.claims[index]!;
            const { text, holds } = document.run.acts[act]!.claims[claim]!;
            return `${act + 1}.${claim + 1} ${holds ? "ok" : "FAILED"}: ${text}`;
        }
        case "fault":
        case "access": {
            const access = trace.accesses[index]!;
            return `${accessText(document, access)}: ${resultText(document, access)}`;
        }
        case "table":     return storeText(document, document.stores[index]!);
        case "control":   return trace.controls[index]![2];
        case "tlb":       return tlbText(document, cpu, index);
        case "interrupt": return document.interrupts[index]![2];
        default:          return kind;
    }
}

function tlbText(document: RunDocument, cpu: number, index: number): string {
    const [, what, came, gone] = document.traces[cpu]!.tlb![index]!;
    const names = (entries: number[]): string =>
        entries.map(each => document.tlb_entries[each]!.linear).join(", ");
    if (came === null) return gone.length ? `${what}: ${names(gone)}` : `${what}: nothing was held`;
    return `${what}: ${names([came])}${gone.length ? `, in place of ${names(gone)}` : ""}`;
}

/** What changed since the place before, in words. */
export function changesView(shown: Shown, since: number | null): Content {
    if (since === null) return nothing;
    const changes = [...shown.changes.values()];
    return html`
        <div class="changes">
            <h4>Changed since cycle ${numberText(since)}</h4>
            ${changes.length === 0 ? html`<p>Nothing that is shown here.</p>` : html`
            <ul>${changes.slice(0, MOST).map(({ name, before, after }) => html`
                <li><span class="name">${name}</span>
                    <code>${before ?? "nothing"}</code> \u2192 <code>${after ?? "nothing"}</code></li>`)}
                ${changes.length > MOST ? html`<li>and ${changes.length - MOST} more</li>` : nothing}
            </ul>`}
        </div>`;
}
