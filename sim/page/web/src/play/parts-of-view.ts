/** Parts that several tabs have: a choice, the buttons to run and to stop, and how it goes. */

import { html, nothing } from "lit-html";

import type { Content } from "../views/shown";
import type { Progress } from "./desk";
import type { Row } from "./messages";

/** A choice among names; `none` is what no choice means, or null if one must be made. */
export function selectView(
    label: string, value: string | null, names: readonly string[], none: string | null,
    choose: (name: string | null) => void,
): Content {
    return html`<label>${label}
        <select @change=${(event: Event) => choose((event.target as HTMLSelectElement).value || null)}>
            ${none === null ? nothing : html`
                <option value="" .selected=${value === null}>${none}</option>`}
            ${names.map(name => html`
                <option value=${name} .selected=${name === value}>${name}</option>`)}
        </select></label>`;
}

/** The buttons of a form that has Python do something. */
export function runButtons({ stage }: Progress, stop: () => void, run = "Run"): Content {
    return html`
        <div class="buttons">
            <button type="submit" class="run" ?disabled=${stage !== "ready"}>${run}</button>
            <button type="button" ?disabled=${stage !== "busy"} @click=${stop}>Stop</button>
        </div>`;
}

/** How it goes, beside the button that has it go; `goTo` leads to a line of the text, if there is one. */
export function statusView(progress: Progress, goTo: ((line: number) => void) | null): Content {
    const { status, remark } = progress;
    return html`
        <div class="status">
            <p role="status">${status}</p>
            ${remark === null ? nothing : html`<p class="remark">${remark}</p>`}
            ${refusalView(progress, goTo)}
        </div>`;
}

/** What can be written in an editor. */
export function referenceView(rows: readonly Row[]): Content {
    return html`
        <details class="all"><summary>What can be written here</summary>
            <div class="scroll" tabindex="0" role="group" aria-label="What can be written here"><table>
                ${rows.map(([name, meaning]) => html`
                    <tr><th scope="row"><code>${name}</code></th><td>${meaning}</td></tr>`)}
            </table></div></details>`;
}

/** Why something was not done. */
function refusalView(
    { refusal, code }: Progress, goTo: ((line: number) => void) | null,
): Content {
    if (refusal === null) return nothing;
    const { line, reason } = refusal;
    return html`
        <div class="refusal bad" role="alert">
            <p id="refusal">${line === null ? nothing : goTo === null ? html`Line ${line}: `
                : html`<a href="#" @click=${(event: Event) => { event.preventDefault(); goTo(line); }}
                    >Line ${line}</a>: `}${reason}</p>
            ${code === null ? nothing : html`<code>${code}</code>`}</div>`;
}
