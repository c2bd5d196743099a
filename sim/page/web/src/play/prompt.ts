/** The tab with a prompt, as a terminal has it, for the command `dragoncage walk`. */

import { html, nothing } from "lit-html";

import type { Content } from "../views/shown";
import type { Progress } from "./desk";
import { runButtons, statusView } from "./parts-of-view";

/** A line that was entered, and what came of it; null as long as nothing has. */
export interface Entered {
    line: string;
    text: string | null;
    good: boolean;
}

export interface PromptShown {
    entered:  Entered[];
    line:     string;
    link:     string;
    progress: Progress;
    /** Lines to begin with. */
    examples: readonly string[];
    /** The file of the scenario that is being changed; null if none is. */
    file:     string | null;
}

interface Actions {
    type:  (line: string) => void;
    enter: () => void;
    stop:  () => void;
    /** To the line before, or after, of those that were entered. */
    back:  (direction: 1 | -1) => void;
}

export const EXAMPLES = [
    "0x7ffff7ffc000", "0x7ffff7ffc000 --at 5.7", "0x7ffff7ffc000 --at 2.1 --access write --cpl 0",
    "0x7ffff7ffc000 --set kernel.wp=0 --at 2.1", "0x7ffff7ffb000 shootdown --cpu 1 --at 8566",
    "--all", "--all --flags user,writable", "--help",
] as const;

export function promptView(shown: PromptShown, actions: Actions): Content {
    return html`
        <p class="none">The page walk of any address, in any cycle of a run: what the tables say, who
            stored each entry, what becomes of each kind of access and by which rule, and what the
            kernel has on record. It is the command of the terminal, and says the same.${
            shown.file === null ? nothing : html` Your text is the file <code>${shown.file}</code>.`}</p>
        <p class="examples" role="group" aria-label="Examples">${shown.examples.map(line => html`
            <button type="button" @click=${() => actions.type(line)}>${line}</button>`)}</p>
        <div class="terminal-log" role="log" tabindex="0" aria-label="What was entered and said"
             ?hidden=${shown.entered.length === 0}>${shown.entered.map(({ line, text, good }) => html`
            <p><span class="none">$ dragoncage walk</span> ${line}</p>
            ${text === null ? nothing : html`<pre class=${good ? "" : "bad"}>${text}</pre>`}`)}</div>
        <form class="prompt" @submit=${(event: Event) => { event.preventDefault(); actions.enter(); }}>
            <label><span>$ dragoncage walk</span>
                <input type="text" spellcheck="false" autocapitalize="off" autocomplete="off"
                       aria-label="Arguments of dragoncage walk" .value=${shown.line}
                       @input=${(event: Event) => actions.type((event.target as HTMLInputElement).value)}
                       @keydown=${(event: KeyboardEvent) => {
                           const direction = { ArrowUp: -1, ArrowDown: 1 }[event.key] as 1 | -1 | undefined;
                           if (direction !== undefined) { event.preventDefault(); actions.back(direction); }
                       }}></label>
            ${runButtons(shown.progress, actions.stop, "Enter")}
        </form>
        ${statusView(shown.progress, null)}
        <p class="link"><a href="#${shown.link}">Link to this line</a></p>`;
}
