/** Begins when the lab is there: shows what can be chosen, loads Python, and shows what it plays. */

import { render } from "lit-html";

import { Page } from "../app";
import { linkOf, plain, wantedOf } from "./link";
import type { Choices, Message, Wanted } from "./messages";
import { parts } from "./parts";
import { Session } from "./session";
import { controlsView, type Shown } from "./view";

const page     = new Page();
const controls = document.getElementById("controls")!;
const choices  = JSON.parse(document.getElementById("choices")!.textContent!) as Choices;
const session  = new Session(hear);
const brought  = wantedOf(location.hash);

const shown: Shown = {
    choices, wanted: known(brought) ?? plain(choices.scenarios[0]!), stage: "loading",
    status: "Loading Python\u2026", remark: null, refusal: null, line: null, acts: [],
    brought: brought !== null,
};

/** Since when the run is playing. */
let since = 0;

change({});
void session.load(parts);
addEventListener("hashchange", () => {
    const wanted = known(wantedOf(location.hash));
    if (wanted !== null && linkOf(wanted) !== linkOf(shown.wanted)) change({ wanted, brought: true });
});

/** What a link wants, if there is such a scenario. */
function known(wanted: Wanted | null): Wanted | null {
    return choices.scenarios.some(({ name }) => name === wanted?.scenario) ? wanted : null;
}

function change(more: Partial<Shown>): void {
    Object.assign(shown, more);
    document.documentElement.dataset["stage"] = shown.stage;
    render(controlsView(shown, {
        choose: chosen => change({ wanted: { ...shown.wanted, ...chosen }, line: null }),
        run, stop,
    }), controls);
}

function run(): void {
    if (shown.stage !== "ready") return;
    since = performance.now();
    page.clear();
    delete document.documentElement.dataset["run"];
    change({ stage: "playing", status: "The machine is made ready\u2026", remark: null,
             refusal: null, line: null, acts: [] });
    session.play(shown.wanted);
}

function stop(): void {
    change({ stage: "loading", status: "Stopped. Python is loaded again\u2026" });
    session.renew();
}

function over(again: boolean): void {
    const done = shown.refusal === null ? `Done in ${seconds()} s.` : "It was not played to its end.";
    if (again) return change({ stage: "ready", status: done });
    change({ stage: "loading", status: `${done} The text has changed the project's own code, so ` +
                                       "Python is loaded again\u2026" });
    session.renew();
}

function hear(message: Message): void {
    switch (message.kind) {
        case "loading": return change({ status: `Loading Python: ${message.what}\u2026` });
        case "ready":   return change({ stage: "ready", status: "Ready." });
        case "broken":  return change({ stage: "broken", status: "", refusal: message.reason });
        case "begun":   return change({ status: `It is played on the engine ${message.engine}\u2026`,
                                        remark: message.remark });
        case "act":     return change({ status: `Act ${shown.acts.length + 1}: ${message.title}\u2026` });
        case "acted":   return change({ acts: [...shown.acts, message.act] });
        case "cycle":   return change({ status: `Cycle ${message.cycle}\u2026` });
        case "drawing": return change({ stage: "drawing",
                                        status: `Played in ${seconds()} s; it is being drawn\u2026` });
        case "mistake": return change({ refusal: message.reason, line: message.line });
        case "refused": return change({ refusal: message.reason });
        case "over":    return over(message.again);
        case "ended":
            document.documentElement.dataset["run"] = "shown";
            page.show(message.document);
    }
}

function seconds(): string {
    return ((performance.now() - since) / 1000).toFixed(1);
}
