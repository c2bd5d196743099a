/** The guided tour: a question, the walks that answer it, and something to try, act by act. */

import { html, nothing } from "lit-html";

import type { RunDocument } from "../../model/document";
import { countText } from "../../model/text";
import type { Content } from "../../views/shown";
import type { Progress } from "../desk";
import type { Station, Tour } from "../messages";
import { statusView } from "../parts-of-view";
import { pictureView } from "./picture";
import { claimsAt, drawnAt, outcomeOf, placeAt, type Route, stationAt } from "./route";

export interface TourShown {
    tour:     Tour;
    route:    Route;
    progress: Progress;
}

interface Actions {
    /** Play the run as it is, and go to the first station. */
    begin: () => void;
    go:    (at: number) => void;
    /** Play the trial of the station. */
    attempt: () => void;
    /** Draw what was tried, or the run as it is. */
    draw:  (trying: boolean) => void;
    stop:  () => void;
    /** Leave the tour for the tab in which everything can be chosen. */
    leave: () => void;
}

export function tourView(shown: TourShown, actions: Actions): Content {
    const { tour, route } = shown;
    const station = stationAt(tour, route);
    return html`
        ${route.at === 0 || route.base === null ? beginView(shown, actions) : html`
            ${wayView(shown, actions)}
            ${station === undefined ? endView(actions) : stationView(shown, station, actions)}`}`;
}

function beginView({ tour, progress, route }: TourShown, actions: Actions): Content {
    return html`
        <div class="station">
            <h2 tabindex="-1" id="station-title">How can a program write where it may only read?</h2>
            <p>A program asks for a page of memory that it may only read. When it writes there, the
                processor\u2019s memory-management unit, the MMU, refuses, and the program is
                stopped. But Linux also offers each process its memory as a file,
                <code>/proc/self/mem</code>; and if the program writes to that file, at the place of
                the very same page, the bytes change. Who is overruled here, and by what? That was
                asked by an article, <cite>To Cage a Dragon</cite>; you need not have read it.</p>
            <p>Here is the answer in ${tour.stations.length} short acts. They are not told but played, in
                your browser: a kernel that is written as Linux is, on the hardware description of an
                MMU. Every picture is a record of that run. In each act you can take something away,
                say what must happen, and see whether it does.</p>
            <div class="buttons">
                <button type="button" class="run" ?disabled=${progress.stage !== "ready"}
                        @click=${actions.begin}>${route.at < 2 ? "Play it, and begin"
                            : stationAt(tour, route) === undefined ? "Play it, and go to the end"
                            : `Play it, and go on with act ${route.at}`}</button>
                ${progress.stage === "busy" ? stopView(actions) : nothing}
            </div>
            ${statusView(progress, null)}
        </div>`;
}

function wayView({ tour, route }: TourShown, actions: Actions): Content {
    const step = (to: number, words: string): Content => html`
        <button type="button" @click=${() => actions.go(to)}>${words}</button>`;
    return html`
        <nav class="way" aria-label="Acts of the tour">
            ${step(route.at - 1, "\u2039 Back")}
            <ol>${tour.stations.map(({ act }) => html`
                <li><button type="button" aria-label="Act ${act}"
                            aria-current=${act === route.at ? "step" : nothing}
                            @click=${() => actions.go(act)}>${act}</button></li>`)}</ol>
            ${route.at > tour.stations.length ? nothing : step(route.at + 1, "Next \u203a")}
        </nav>`;
}

function stationView(shown: TourShown, station: Station, actions: Actions): Content {
    const { tour, route } = shown;
    const run   = drawnAt(route)!;
    const place = placeAt(run, station);
    return html`
        <article class="station" aria-labelledby="station-title">
            <p class="none">Act ${station.act} of ${tour.stations.length}</p>
            <h2 tabindex="-1" id="station-title">${station.question}</h2>
            <p>${station.before}</p>
            ${route.tried.has(route.at) ? drawnView(route, station, actions) : nothing}
            ${place === null ? nothing : pictureView(run, place)}
            <h3>The answer</h3>
            <p class="answer">${station.answer}</p>
            ${claimsView(route.base!, station)}
            ${trialView(shown, station, actions)}
        </article>`;
}

/** Which of two runs is drawn. */
function drawnView({ trying }: Route, { offer }: Station, actions: Actions): Content {
    const choice = (value: boolean, words: string): Content => html`
        <label><input type="radio" name="drawn" .checked=${trying === value}
                      @change=${() => actions.draw(value)}> ${words}</label>`;
    return html`<fieldset class="drawn"><legend>Drawn</legend>
        ${choice(false, "as it is")} ${choice(true, `after \u201c${offer}\u201d`)}</fieldset>`;
}

/** The claims of the act, which its run was judged by. */
function claimsView(run: RunDocument, station: Station): Content {
    const claims = claimsAt(run, station);
    return html`
        <details><summary>${countText(claims.length, "claim")} of this act, judged by what the signals
            show</summary>
            <ul class="judged">${claims.map(({ text, holds }) => html`
                <li><span class=${holds ? "good" : "bad"}>${holds ? "ok" : "FAILED"}</span> ${text}</li>`)}
            </ul></details>`;
}

function trialView({ route, progress }: TourShown, station: Station, actions: Actions): Content {
    const run = route.tried.get(route.at);
    return html`
        <section class="trial" aria-labelledby="trial-title">
            <h3 id="trial-title">Try it</h3>
            <p><strong>What to expect:</strong> ${station.expect}</p>
            <div class="buttons">
                <button type="button" class="run" ?disabled=${progress.stage !== "ready"}
                        @click=${actions.attempt}>${station.offer}</button>
                ${progress.stage === "busy" ? stopView(actions) : nothing}
            </div>
            ${statusView(progress, null)}
            <div class="outcome" role="status">${run === undefined ? nothing : happenedView(run, station)}</div>
        </section>`;
}

/** What came of a trial, beside what was to be expected. */
function happenedView(run: RunDocument, station: Station): Content {
    const { failed, expected, all } = outcomeOf(run, station);
    return html`
        <p class="happened"><strong>What happened:</strong> ${failed.length === 0
            ? html`all ${countText(all, "claim")} of the act hold, as before.`
            : html`${failed.length} of ${countText(all, "claim")} of the act no longer
                ${failed.length === 1 ? "holds" : "hold"}:`}</p>
        ${failed.length === 0 ? nothing : html`
            <ul class="judged">${failed.map(({ text, detail }) => html`
                <li><span class="bad">FAILED</span> ${text}
                    <span class="detail">${detail}</span></li>`)}</ul>`}
        <p>${expected ? html`<strong class="good">As expected.</strong> ${station.because}`
            : html`<strong class="bad">That is not what was to be expected.</strong>`}</p>`;
}

function stopView(actions: Actions): Content {
    return html`<button type="button" @click=${actions.stop}>Stop</button>`;
}

function endView(actions: Actions): Content {
    return html`
        <article class="station">
            <h2 tabindex="-1" id="station-title">So who is overruled?</h2>
            <p>Nobody is. The MMU does what it promises: it checks each access by the address that it
                is made with. What it cannot do is keep a kernel from having a second address for the
                same memory, and a kernel must have one, to do its work. Whether a program may use
                the kernel\u2019s reach is for software to decide; and for this file Linux decided that
                debuggers and compilers need it. Since Linux 6.12 an administrator can decide
                otherwise.</p>
            <p>Now play yourself: all scenarios, on other units, by the rules of other versions of Linux,
                and with a text of your own.</p>
            <div class="buttons"><button type="button" class="run" @click=${actions.leave}>Play it
                yourself</button></div>
        </article>`;
}
