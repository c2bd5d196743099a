/** One cycle, in everything that is known of it. */

import { html, nothing } from "lit-html";

import type { Access, Side } from "../model/document";
import { accessOf, attemptAt, claimAt, endAt, pairAt, takenAt } from "../model/moment";
import { claimName, fragmentOf, type Place } from "../model/place";
import { numberText } from "../model/text";
import { actText } from "./acts";
import { changesView, eventsView } from "./events";
import { endsView, frameView } from "./frame";
import type { Content, Shown } from "./shown";
import { stateView } from "./state";
import { walkView } from "./walk";

/** What the reader can do in it. */
interface LabActions {
    go:  (place: Place) => void;
    all: (all: boolean) => void;
}

/** The cycle of a place; `since` is the cycle shown before, `all` shows all processors. */
export function labView(
    shown: Shown, since: number | null, all: boolean, actions: LabActions,
): Content {
    const { document, place } = shown;
    const cpus = all ? document.traces.map((_, cpu) => cpu) : [place.cpu];
    return html`
        <h2 id="lab-title" tabindex="-1">Cycle <span class="cycle">${numberText(place.cycle)}</span></h2>
        <p class="where">${actText(document, place.cycle)}</p>
        ${claimView(shown)}
        <div class="story">${eventsView(shown)} ${changesView(shown, since)}</div>
        ${pairView(shown, actions)}
        ${document.cpus === 1 ? nothing : cpusView(shown, all, actions)}
        <div class="states">${stateView(shown, cpus)}</div>`;
}

function claimView({ document, place }: Shown): Content {
    const view = claimAt(document, place);
    if (view === null) return nothing;
    const claim = document.run.acts[view.act]!.claims[view.claim]!;
    return html`
        <div class="shown-claim ${claim.holds ? "holds" : "fails"}">
            <p><a class="name" href="#${fragmentOf(document, place)}">Claim
                ${claimName(document, place.claim!)}</a>
                <span class="sign">${claim.holds ? "ok" : "FAILED"}</span> ${claim.text}</p>
            <p class="detail">${claim.detail}</p>
            ${view.perfetto === null ? nothing : html`
                <p class="detail"><a href=${view.perfetto} rel="noreferrer" target="_blank">The same
                    stretch in Perfetto</a>, once the trace of this run is open there</p>`}
            ${claim.holds || claim.expected === null ? nothing
                : html`<p class="detail">expected: ${claim.expected}</p>`}
        </div>`;
}

function pairView(shown: Shown, actions: LabActions): Content {
    const { document, place } = shown;
    const pair = pairAt(document, place);
    const [left, right] = [endAt(document, pair.left, place.cycle),
                           endAt(document, pair.right, place.cycle)];
    return html`
        <div class="pair">
            ${(["left", "right"] as const).map(side => html`
                <div class="side ${side}">
                    ${chooserView(shown, side, pair[side], actions)}
                    ${pair[side] === null ? nothing
                        : walkView(shown, pair[side], place.cycle, {
                            side, whole: true, attempt: attemptAt(document, place, side),
                            access: recordedAt(shown, side), unused: pair.unused.includes(side) })}
                </div>`)}
            ${endsView({ left, right }, pair.frame, (frame, side) => frameView(shown, frame, side))}
        </div>`;
}

/** The access of the claim, beside the path that it took. */
function recordedAt({ document, place }: Shown, side: Side): Access | null {
    const claim = takenAt(document, place, side);
    return claim === null ? null : accessOf(document, claim);
}

function chooserView(
    { document, place }: Shown, side: Side, chosen: number | null, { go }: LabActions,
): Content {
    if (document.subjects.length === 0) return nothing;
    const spaces = new Set(document.subjects.map(({ cr3 }) => cr3)).size;
    const choose = (event: Event): void =>
        go({ ...place, [side]: Number((event.target as HTMLSelectElement).value) });
    return html`
        <label class="chooser"><span>Address on the ${side}</span>
            <select @change=${choose}>
                ${chosen === null ? html`<option selected disabled>none</option>` : nothing}
                ${document.subjects.map((subject, index) => html`
                    <option value=${index} .selected=${index === chosen}>${subject.linear}
                        (${[subject.side, document.cpus > 1 && `processor ${subject.cpu}`,
                            spaces > 1 && `CR3 ${subject.cr3}`].filter(Boolean).join(", ")})
                    </option>`)}
            </select></label>`;
}

function cpusView({ document, place }: Shown, all: boolean, actions: LabActions): Content {
    return html`
        <fieldset class="cpus"><legend>Processor</legend>
            ${document.traces.map((_, cpu) => html`
                <label><input type="radio" name="cpu" .checked=${!all && cpu === place.cpu}
                    @change=${() => { actions.all(false); actions.go({ ...place, cpu, claim: null }); }}>
                    ${cpu}</label>`)}
            <label><input type="radio" name="cpu" .checked=${all} @change=${() => actions.all(true)}>
                all</label>
        </fieldset>`;
}
