/** The tab in which a scenario is chosen, changed and played. */

import { html, nothing } from "lit-html";

import type { Act } from "../model/document";
import { countText } from "../model/text";
import type { Content } from "../views/shown";
import type { Progress } from "./desk";
import { linkOf, plain, scenarioOf, wordsOf } from "./link";
import type { Choices, Export, Wanted } from "./messages";
import { refusalView, runButtons, selectView } from "./parts-of-view";

export interface ScenarioShown {
    choices:  Choices;
    wanted:   Wanted;
    progress: Progress;
    /** The element of the editor. */
    editor:   Element;
    acts:     Act[];
    /** The run that is shown is of this choice, and can be saved. */
    saves:    boolean;
}

interface Actions {
    choose: (change: Partial<Wanted>) => void;
    run:    () => void;
    stop:   () => void;
    save:   (what: Export) => void;
    goTo:   (line: number) => void;
}

export function scenarioView(shown: ScenarioShown, actions: Actions): Content {
    const { wanted, progress } = shown;
    return html`
        <p class="none">A kernel and an MMU meet here, in your browser: choose a story, and a machine
            for it. Each story claims what the signals show, and is judged by them.</p>
        <form @submit=${(event: Event) => { event.preventDefault(); actions.run(); }}>
            ${machineView(shown, actions)}
            ${runButtons(progress, actions.stop)}
        </form>
        ${wanted.text === null ? html`
            <p class="none">To change a scenario, choose one of these: ${shown.choices.scenarios
                .filter(({ text }) => text !== null).map(({ name }) => name).join(", ")}.</p>`
            : shown.editor}
        ${refusalView(progress, wanted.text === null ? null : actions.goTo)}
        <p class="link"><a href="#${linkOf(wanted)}">Link to this choice</a>${
            wanted.text === null ? "" : ", with its text"}</p>
        ${shown.saves ? savesView(actions.save) : nothing}
        ${shown.acts.length === 0 ? nothing : html`<ol class="played">${shown.acts.map(actView)}</ol>`}`;
}

function machineView({ choices, wanted }: ScenarioShown, actions: Actions): Content {
    const scenario = scenarioOf(choices, wanted.scenario);
    const names    = choices.scenarios.map(({ name }) => name);
    const era      = choices.eras.find(({ name }) => name === (wanted.era ?? choices.era));
    return html`
        ${selectView("Scenario", wanted.scenario,
            names.includes(wanted.scenario) ? names : [wanted.scenario, ...names], null,
            name => actions.choose({ ...wanted, ...plain(
                scenarioOf(choices, name!) ?? { name: name!, text: wanted.text }) }))}
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
                   list="switch-names" .value=${wanted.switches.join(" ")}
                   @change=${(event: Event) => actions.choose({
                       switches: wordsOf((event.target as HTMLInputElement).value) })}></label>
        <datalist id="switch-names">${choices.switches.map(each => html`
            <option value="${each.name}=">${each.meaning}; by default ${each.default}</option>`)}
        </datalist>`;
}

/** The run as files; it is played once more for each, since most runs are only looked at. */
function savesView(save: (what: Export) => void): Content {
    const offered: [Export, string, string][] = [
        ["waves",    "Waveform", "VCD, with views for GTKWave and Surfer"],
        ["perfetto", "Perfetto", "a trace for its viewer"],
        ["json",     "JSON",     "as dragoncage run --json has it"]];
    return html`<p class="saves" role="group" aria-label="Save this run">Save this run:
        ${offered.map(([what, name, about]) => html`
            <button type="button" title=${about} @click=${() => save(what)}>${name}</button>`)}</p>`;
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
