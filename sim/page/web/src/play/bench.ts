/** A tab with a text and what comes of it: access vectors, and kernel scripts. */

import { html, nothing } from "lit-html";

import type { Content } from "../views/shown";
import type { Progress } from "./desk";
import type { Row } from "./messages";
import { referenceView, runButtons, selectView, statusView } from "./parts-of-view";

/** What was said of a text, and by whom; `good` is null if it is no verdict. */
export interface Said {
    by:   string;
    text: string;
    good: boolean | null;
}

export interface BenchShown {
    /** What the tab is for. */
    about:    string;
    /** Names of texts to begin with, and the one that was chosen last. */
    names:    string[];
    chosen:   string | null;
    progress: Progress;
    editor:   Element;
    rows:     Row[];
    link:     string;
    /** What was said is wrapped, for its lines are long. */
    wraps:    boolean;
    said:     Said[];
}

interface Actions {
    choose: (name: string) => void;
    run:    () => void;
    stop:   () => void;
    goTo:   (line: number) => void;
}

export function benchView(shown: BenchShown, actions: Actions): Content {
    return html`
        <p class="none">${shown.about}</p>
        <form @submit=${(event: Event) => { event.preventDefault(); actions.run(); }}>
            ${selectView("Begin with", shown.chosen, shown.names, shown.chosen === null ? "\u2026" : null,
                         name => { if (name !== null) actions.choose(name); })}
            ${runButtons(shown.progress, actions.stop)}
        </form>
        ${statusView(shown.progress, actions.goTo)}
        ${shown.editor}
        ${referenceView(shown.rows)}
        <p class="link"><a href="#${shown.link}">Link to this text</a></p>
        ${shown.said.length === 0 ? nothing : html`
            <div class="said" aria-live="polite">${shown.said.map(({ by, text, good }) => html`
                <h2 class=${good === null ? "" : good ? "good" : "bad"}>${by}</h2>
                ${text ? html`<pre tabindex="0" class=${shown.wraps ? "wraps" : ""}>${text}</pre>` : nothing}`)}</div>`}`;
}
