/** What was run, and whether every claim holds. */

import { html, nothing } from "lit-html";

import type { RunDocument } from "../model/document";
import { countText, numberText } from "../model/text";
import type { Content } from "./shown";

/** The head of the page. */
export function summaryView(document: RunDocument): Content {
    const { run } = document;
    return html`
        <p class="project">dragoncage <span>${run.scenario}</span></p>
        <h1>${run.title}</h1>
        <p class="lead">${verdictOf(document)} ${setting(document)}</p>
        ${run.failure === null ? nothing : html`
            <p class="bad">The run stopped in cycle ${numberText(run.failure.cycle)}:
                ${run.failure.reason}${run.failure.stack.length
                    ? `, in ${run.failure.stack.join(" \u203a ")}` : ""}.</p>`}
        ${run.mistake === null ? nothing : html`
            <p class="bad">The scenario has a mistake: ${fileName(run.mistake.file)}, line
                ${run.mistake.line}: ${run.mistake.reason}</p>`}`;
}

function verdictOf(document: RunDocument): Content {
    const claims = document.run.acts.flatMap(act => act.claims);
    const failed = claims.filter(claim => !claim.holds).length;
    if (claims.length === 0) return html`<strong class="bad">Nothing is claimed.</strong>`;
    return failed === 0
        ? html`<strong class="good">${claims.length === 1 ? "The claim holds."
                                      : `All ${claims.length} claims hold.`}</strong>`
        : html`<strong class="bad">${failed} of ${countText(claims.length, "claim")}
                ${failed === 1 ? "does" : "do"} not hold.</strong>`;
}

function setting(document: RunDocument): string {
    const { run } = document;
    const played = run.acts.filter(act => act.left_out === null).length;
    const acts = played === run.acts.length ? countText(played, "act")
                                            : `${played} of ${countText(run.acts.length, "act")}`;
    return `Played in ${acts} and ${numberText(run.cycles)} cycles, ` +
           `on ${countText(document.cpus, "processor")} with ${MODES[run.mode] ?? run.mode} and ` +
           `${run.preset === null ? "a unit of its own" : `the ${run.preset} unit`}, ` +
           `by the rules of Linux ${run.era}, on the engine ${run.engine}.`;
}

const MODES: Record<string, string> = {
    "4level": "4-level paging", "5level": "5-level paging", "32bit": "32-bit paging",
    "pae": "PAE paging", "off": "paging off",
};

/** The name of a file. Its folders are those of whoever has played it, and not the reader's. */
function fileName(path: string): string {
    return path.split(/[/\\]/).at(-1)!;
}
