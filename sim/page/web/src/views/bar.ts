/** The bar with which the cursor is moved: a slider over the run, and steps. */

import { type ScaleLinear, scaleLinear } from "d3-scale";
import { html } from "lit-html";

import type { Command } from "../keys";
import type { RunDocument } from "../model/document";
import { nextClaim, nextStop, stopsOf } from "../model/stops";
import { numberText } from "../model/text";
import { actText } from "./acts";
import type { Content, Shown } from "./shown";

/** What the reader can do in it. */
interface BarActions {
    run:   (command: Command) => void;
    slide: (cycle: number) => void;
}

const STEPS: readonly [text: string, name: string, kind: string | null][] = [
    ["Cycle", "cycle", null], ["Event", "event", null], ["Claim", "claim", "claim"],
    ["Fault", "fault", "fault"], ["Table store", "table", "table"],
    ["TLB", "tlb", "tlb"],
];

export function barView(shown: Shown, actions: BarActions): Content {
    const { document, place } = shown;
    const scale = scaleOf(document);
    return html`
        <div class="track">
            <div class="marks" aria-hidden="true">${marksView(document, scale)}</div>
            <input type="range" min="0" max="1" step="any" .value=${String(scale(place.cycle))}
                   aria-label="Cycle"
                   aria-valuetext="cycle ${numberText(place.cycle)}, ${actText(document, place.cycle)}"
                   @input=${(event: Event) => actions.slide(Math.round(
                       scale.invert(Number((event.target as HTMLInputElement).value))))}>
        </div>
        <div class="steps">
            ${STEPS.map(([text, name, kind]) => html`
                <div class="step" role="group" aria-label=${text}>
                    <button type="button" aria-label="previous ${text.toLowerCase()}"
                            aria-disabled=${!possible(shown, name, kind, -1)}
                            @click=${() => actions.run(`${name}-` as Command)}>\u2039</button>
                    <span aria-hidden="true">${text}</span>
                    <button type="button" aria-label="next ${text.toLowerCase()}"
                            aria-disabled=${!possible(shown, name, kind, 1)}
                            @click=${() => actions.run(`${name}+` as Command)}>\u203a</button>
                </div>`)}
            <form class="step" @submit=${(event: SubmitEvent) => {
                event.preventDefault();
                const field = (event.target as HTMLFormElement).elements.namedItem("cycle");
                actions.slide((field as HTMLInputElement).valueAsNumber);
            }}>
                <label>Cycle <input type="number" name="cycle" required min="0" step="1"
                    max=${document.run.cycles} .value=${String(place.cycle)}></label>
                <button type="submit">Go</button>
            </form>
            <button type="button" class="help" @click=${() => actions.run("help")}>Keys</button>
        </div>`;
}

function possible({ document, place }: Shown, name: string, kind: string | null,
                  direction: 1 | -1): boolean {
    if (name === "cycle") {
        return direction > 0 ? place.cycle < document.run.cycles : place.cycle > 0;
    }
    if (name === "claim") return nextClaim(document, place.cycle, place.claim, direction) !== null;
    return nextStop(document, place.cycle, kind, direction) !== null;
}

/**
 * Shares of the slider, 0 to 1. An act, and what is between two acts, has room by the square root of
 * its length, so that short ones can be seen beside long ones.
 */
function scaleOf({ run }: RunDocument): ScaleLinear<number, number> {
    const ends = [0, ...run.acts.flatMap(act => [act.since, act.until]), run.cycles]
        .filter((cycle, index, all) => index === 0 || cycle > all[index - 1]!);
    const room = ends.map((cycle, index) => Math.sqrt(cycle - (ends[index - 1] ?? 0)));
    const whole = room.reduce((sum, each) => sum + each, 0);
    let share = 0;
    return scaleLinear().domain(ends).range(room.map(each => share += each / whole));
}

/** Acts as stretches with their numbers, and faults as ticks. */
function marksView(document: RunDocument, scale: ScaleLinear<number, number>): Content {
    const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;
    const faults = stopsOf(document, "fault");
    return html`
        ${document.run.acts.map(({ since, until }, index) => html`
            <span class="act" .style=${`left:${percent(scale(since))};` +
                                       `width:${percent(scale(until) - scale(since))}`}>
                ${index + 1}</span>`)}
        ${faults.map(([cycle]) => html`
            <span class="fault" .style=${`left:${percent(scale(cycle))}`}></span>`)}`;
}
