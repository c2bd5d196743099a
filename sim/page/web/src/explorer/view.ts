/** The explorer: switches for all that decides, and the decision. */

import { html, nothing } from "lit-html";

import type { Side } from "../model/document";
import { hexText } from "../model/text";
import type { Content } from "../views/shown";
import { ATTEMPTS, type Bit, BITS, CONTROLS, decided, type Decision, decides, firstBad, type Reason,
         reasonsOf, RIGHTS, type Rights, type State, together } from "./state";

/** What the reader can do in it: change the state, or take it from a walk, if there are such here. */
interface ExplorerActions {
    change: (state: State) => void;
    take:   ((side: Side) => void) | null;
}

export function explorerView(state: State, actions: ExplorerActions): Content {
    const answer = decided(state);
    const reasons = answer === "impossible" ? [] : reasonsOf(answer);
    return html`
        <h2 id="explorer-title">What decides, in 4-level paging</h2>
        <p>Switch any bit, and see what becomes of the access. The answers are not worked out here: the
            unit itself was asked, in each of the states that differ once all levels are put
            together. Of a refusal all reasons are named, each enough by itself.</p>
        <div class="explorer">
            <div class="tries">
                ${takesView(actions)}
                ${levelsView(state, reasons, actions)}
            </div>
            <div class="tries">
                ${controlsView(state, reasons, actions)}
                ${attemptView(state, actions)}
                ${decisionView(state, answer)}
            </div>
        </div>`;
}

function takesView({ take }: ExplorerActions): Content {
    if (take === null) return nothing;
    return html`
        <div class="takes">
            <button type="button" @click=${() => take("left")}>As the left walk is now</button>
            <button type="button" @click=${() => take("right")}>As the right walk is now</button>
        </div>`;
}

function levelsView(state: State, reasons: Reason[], actions: ExplorerActions): Content {
    const bad = firstBad(state);
    return html`
        <table class="levels">
            <caption class="hidden">Bits of the entries, and all levels together</caption>
            <thead><tr><th scope="col">entry</th>
                ${BITS.map(bit => html`<th scope="col">${bit}</th>`)}</tr></thead>
            <tbody>${state.levels.map(({ name, bits }, level) => html`
                <tr class="${state.cached !== null || bad >= 0 && level > bad ? "unread" : ""}">
                    <th scope="row">${name}</th>
                    ${BITS.map(bit => html`<td>${switchView(
                        `${name} ${bit}`, bits[bit],
                        decides(state, reasons, level, bit),
                        () => actions.change(withBit(state, level, bit)))}</td>`)}
                </tr>`)}</tbody>
            <tfoot>${state.cached === null ? togetherView(state)
                : cachedView(state, state.cached, reasons, actions)}</tfoot>
        </table>`;
}

/** The levels together: of which nothing is left once an entry is missing or malformed. */
function togetherView(state: State): Content {
    const rights: Partial<Record<Bit, boolean>> = together(state);
    const how: Partial<Record<Bit, string>> = { "R/W": "all", "U/S": "all", XD: "any" };
    const bad = state.levels[firstBad(state)];
    return html`<tr>
        <th scope="row">together</th>
        ${bad !== undefined ? html`<td colspan=${BITS.length}>the walk ends at the ${bad.name}, which is
                ${bad.bits["P"] ? "malformed" : "missing"}</td>`
            : BITS.map(bit => html`<td>${how[bit] === undefined ? nothing
                : html`<strong>${Number(rights[bit])}</strong> <span>${how[bit]}</span>`}</td>`)}
    </tr>`;
}

/** The translation in the TLB, with rights of its own: it is asked, and the levels are not. */
function cachedView(
    state: State, cached: Rights, reasons: Reason[], actions: ExplorerActions,
): Content {
    return html`<tr>
        <th scope="row">TLB</th>
        ${BITS.map(bit => html`<td>${isRight(bit) ? switchView(
            `TLB ${bit}`, cached[bit], reasons.some(each => each.bit === bit), () => actions.change(
                { ...state, cached: { ...cached, [bit]: !cached[bit] } })) : nothing}</td>`)}
    </tr>`;
}

function isRight(bit: Bit): bit is keyof Rights {
    return (RIGHTS as readonly Bit[]).includes(bit);
}

function controlsView(state: State, reasons: Reason[], actions: ExplorerActions): Content {
    return html`
        <div class="switches" role="group" aria-label="Control bits">${CONTROLS.map(name => html`
            <span><span aria-hidden="true">${name}</span> ${switchView(
                name, state.controls[name]!, reasons.some(({ controls }) => controls.includes(name)),
                () => actions.change({ ...state, controls: {
                    ...state.controls, [name]: !state.controls[name] } }))}</span>`)}
        </div>`;
}

function attemptView(state: State, actions: ExplorerActions): Content {
    return html`
        <div class="switches">
            <label>Access <select @change=${(event: Event) => actions.change(
                    { ...state, attempt: (event.target as HTMLSelectElement).value })}>
                ${ATTEMPTS.map(attempt => html`<option .selected=${attempt === state.attempt}>${attempt
                    }</option>`)}</select></label>
            <label><input type="checkbox" .checked=${state.cached !== null} @change=${() =>
                    actions.change({ ...state, cached: state.cached === null ? together(state)
                        : null })}> the TLB has the translation, with D</label>
        </div>
        ${state.cached === null ? nothing : html`<p class="asked">The TLB is asked, and the levels are not:
            ${isStale(state, state.cached) ? html`<strong class="stale">STALE</strong>, for they say
            otherwise.` : "they say the same."}</p>`}`;
}

function decisionView(state: State, answer: Decision | "impossible"): Content {
    if (answer === "impossible") {
        return html`<div class="verdict" role="status"><p>With these control bits no walk could have
            brought this translation into the TLB.</p></div>`;
    }
    return html`
        <div class="verdict ${answer.done ? "done" : "refused"}" role="status">
            <p><strong>${state.attempt}: ${answer.done ? "allowed"
                : `#PF ${hexText(answer.error_code)}`}</strong></p>
            ${reasonsOf(answer).map(({ reason, rule, section }) => html`
                <p class="reason">${reason} <span class="rule">(rule ${rule}; SDM Vol. 3A,
                    ${section})</span></p>`)}
        </div>`;
}

function switchView(name: string, on: boolean, lit: boolean, change: () => void): Content {
    return html`
        <button type="button" class="bit ${lit ? "lit" : ""}" aria-pressed=${on} @click=${change}>
            <span class="hidden">${name}${lit ? ", decides" : ""}</span>
            <span aria-hidden="true">${on ? 1 : 0}</span></button>`;
}

/** True if the levels do not give the translation that the TLB has. */
function isStale(state: State, cached: Rights): boolean {
    const rights = together(state);
    return firstBad(state) >= 0 || RIGHTS.some(name => rights[name] !== cached[name]);
}

function withBit(state: State, level: number, bit: Bit): State {
    return { ...state, levels: state.levels.map((each, index) => index === level
        ? { ...each, bits: { ...each.bits, [bit]: !each.bits[bit] } } : each) };
}
