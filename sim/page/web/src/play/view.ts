/** The controls: what to play and on what, and how the run goes. */

import { html, nothing } from "lit-html";

import type { Act } from "../model/document";
import { countText } from "../model/text";
import type { Content } from "../views/shown";
import { linkOf, plain, scenarioOf, wordsOf } from "./link";
import type { Choices, Wanted } from "./messages";

/** What the page knows of the worker. */
export type Stage = "loading" | "ready" | "playing" | "drawing" | "broken";

export interface Shown {
    choices: Choices;
    wanted:  Wanted;
    stage:   Stage;
    /** What is going on, in words. */
    status:  string;
    remark:  string | null;
    /** Why there is no result. */
    refusal: string | null;
    /** The line of the text with a mistake. */
    line:    number | null;
    acts:    Act[];
    /** A link has brought what is chosen here. */
    brought: boolean;
}

interface Actions {
    choose: (change: Partial<Wanted>) => void;
    run:    () => void;
    stop:   () => void;
}

export function controlsView(shown: Shown, actions: Actions): Content {
    const { choices, wanted } = shown;
    const scenario = scenarioOf(choices, wanted.scenario);
    const busy = shown.stage === "playing" || shown.stage === "drawing";
    const era = choices.eras.find(({ name }) => name === (wanted.era ?? choices.era));
    return html`
        <h2 id="controls-title">Play it yourself</h2>
        <p class="none">A kernel and an MMU meet here, in your browser: choose a story, and a machine
            for it. Each story claims what the signals show, and is judged by them.</p>
        ${shown.brought ? html`<p class="foreign">A link has brought what is chosen here${
            wanted.text === null ? "" : ", and a text that somebody else has written"}.
            Nothing runs before you press Run, and nothing leaves this page.</p>` : nothing}
        <form @submit=${(event: Event) => { event.preventDefault(); actions.run(); }}>
            ${selectView("Scenario", wanted.scenario, choices.scenarios.map(({ name }) => name), null,
                name => actions.choose({ ...wanted, ...plain(scenarioOf(choices, name!)!) }))}
            ${selectView("Paging mode", wanted.mode, scenario?.modes ?? [], "the first that fits",
                mode => actions.choose({ mode }))}
            ${selectView("Unit", wanted.preset, choices.presets.map(({ name }) => name),
                "one that has the mode", preset => actions.choose({ preset }))}
            ${selectView("Rules of Linux", wanted.era, 
                choices.eras.map(({ name }) => name).filter(name => name !== choices.era), choices.era,
                chosen => actions.choose({ era: chosen, force_override: null }))}
            ${era?.policies ? selectView("Forced writes", wanted.force_override, choices.policies,
                "as by default", policy => actions.choose({ force_override: policy })) : nothing}
            <label class="switches">Switches
                <input type="text" spellcheck="false" placeholder="kernel.wp=0 unit.smap=0"
                       .value=${wanted.switches.join(" ")}
                       @change=${(event: Event) => actions.choose({
                           switches: wordsOf((event.target as HTMLInputElement).value) })}></label>
            <div class="buttons">
                <button type="submit" class="run" ?disabled=${shown.stage !== "ready"}>Run</button>
                <button type="button" ?disabled=${!busy} @click=${actions.stop}>Stop</button>
            </div>
            ${wanted.text === null ? html`
                <p class="none">To change a scenario, choose one of these: ${choices.scenarios
                    .filter(({ text }) => text !== null).map(({ name }) => name).join(", ")}.</p>`
                : html`<label class="text">Text of the scenario
                <textarea spellcheck="false" rows="20" .value=${wanted.text}
                          aria-describedby="refusal"
                          @input=${(event: Event) => actions.choose({
                              text: (event.target as HTMLTextAreaElement).value })}></textarea></label>`}
        </form>
        <p class="link"><a href="#${linkOf(wanted)}">Link to this choice</a></p>
        ${shown.refusal === null ? nothing : html`
            <p class="refusal bad" role="alert" id="refusal">${shown.line === null ? nothing
                : `Line ${shown.line}: `}${shown.refusal}</p>`}
        <p class="status" role="status">${shown.status}</p>
        ${shown.remark === null ? nothing : html`<p class="remark">${shown.remark}</p>`}
        ${shown.acts.length === 0 ? nothing : html`<ol class="played">${shown.acts.map(actView)}</ol>`}`;
}

function selectView(label: string, value: string | null, names: readonly string[], none: string | null,
                    choose: (name: string | null) => void): Content {
    return html`<label>${label}
        <select @change=${(event: Event) => choose((event.target as HTMLSelectElement).value || null)}>
            ${none === null ? nothing : html`
                <option value="" .selected=${value === null}>${none}</option>`}
            ${names.map(name => html`
                <option value=${name} .selected=${name === value}>${name}</option>`)}
        </select></label>`;
}

function actView(act: Act): Content {
    const failed = act.claims.filter(claim => !claim.holds);
    return html`<li>${act.title}
        ${act.left_out !== null ? html`<span class="none">left out</span>`
            : failed.length ? html`<span class="bad">${failed.length} of ${
                countText(act.claims.length, "claim")} FAILED</span>`
            : html`<span class="good">${countText(act.claims.length, "claim")} ok</span>`}
        ${failed.map(claim => html`<p class="detail bad">${claim.text}: ${claim.detail}</p>`)}</li>`;
}
