/** The tab in which a scenario is chosen, changed and played. */

import { html, nothing } from "lit-html";

import type { Act } from "../model/document";
import { countText } from "../model/text";
import type { Content } from "../views/shown";
import type { Progress } from "./desk";
import { hasPolicies, linkOf, modesOf, plain, scenarioOf, wordsOf } from "./link";
import type { Choices, Export, Wanted } from "./messages";
import { referenceView, runButtons, selectView, statusView } from "./parts-of-view";

export interface ScenarioShown {
    choices:  Choices;
    wanted:   Wanted;
    progress: Progress;
    /** The element of the editor. */
    editor:   Element;
    acts:     Act[];
    /** The run that is shown is of this choice. */
    isShown:  boolean;
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
        ${shown.isShown ? nothing : html`
            <p class="title">${scenarioOf(shown.choices, wanted.scenario)?.title ?? nothing}</p>`}
        ${statusView(progress, wanted.text === null ? null : actions.goTo)}
        ${switchesView(shown, actions)}
        ${wanted.text === null ? html`
            <p class="none">To change a scenario, choose one of these: ${shown.choices.scenarios
                .filter(({ text }) => text !== null).map(({ name }) => name).join(", ")}.</p>`
            : html`${shown.editor} ${referenceView(shown.choices.reference.scenario)}`}
        <p class="link"><a href="#${linkOf(wanted)}">Link to this choice</a>${
            wanted.text === null ? "" : ", with its text"}</p>
        ${shown.isShown && progress.stage === "ready" ? savesView(actions.save) : nothing}
        ${shown.acts.length === 0 ? nothing : html`<ol class="played">${shown.acts.map(actView)}</ol>`}`;
}

function machineView({ choices, wanted }: ScenarioShown, actions: Actions): Content {
    const names = choices.scenarios.map(({ name }) => name);
    return html`
        ${selectView("Scenario", wanted.scenario,
            names.includes(wanted.scenario) ? names : [wanted.scenario, ...names], null,
            name => actions.choose({ ...wanted, ...plain(
                scenarioOf(choices, name!) ?? { name: name!, text: wanted.text }) }))}
        ${selectView("Paging mode", wanted.mode, modesOf(choices, wanted.scenario),
            "the first that fits", mode => actions.choose({ mode }))}
        ${selectView("Unit", wanted.preset, choices.presets.map(({ name }) => name),
            "one that has the mode", preset => actions.choose({ preset }))}
        ${selectView("Rules of Linux", wanted.era,
            choices.eras.map(({ name }) => name).filter(name => name !== choices.era), choices.era,
            chosen => actions.choose({ era: chosen, force_override: null }))}
        ${hasPolicies(choices, wanted.era) ? selectView("Forced writes", wanted.force_override,
            choices.policies, "as by default", policy => actions.choose({ force_override: policy }))
            : nothing}
        <label class="switches">Switches
            <input type="text" id="switches" spellcheck="false" placeholder="kernel.wp=0 unit.smap=0"
                   autocapitalize="off" autocomplete="off" .value=${wanted.switches.join(" ")}
                   @change=${(event: Event) => actions.choose({
                       switches: wordsOf((event.target as HTMLInputElement).value) })}></label>`;
}

/** All switches, each a button that puts it into the field. */
function switchesView({ choices, wanted }: ScenarioShown, { choose }: Actions): Content {
    const add = (name: string): void => {
        choose({ switches: [...wanted.switches.filter(each => !each.startsWith(`${name}=`)), `${name}=`] });
        const field = document.getElementById("switches") as HTMLInputElement;
        field.focus();
        field.setSelectionRange(field.value.length, field.value.length);
    };
    return html`
        <details class="all"><summary>All switches</summary>
            <div class="scroll" tabindex="0" role="group" aria-label="All switches"><table>
                <tr><th scope="col">switch</th><th scope="col">meaning</th>
                    <th scope="col">by default</th></tr>
                ${choices.switches.map(({ name, meaning, default: usual }) => html`
                    <tr><td><button type="button" @click=${() => add(name)}>${name}</button></td>
                        <td>${meaning}</td><td>${usual}</td></tr>`)}
            </table></div></details>`;
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
