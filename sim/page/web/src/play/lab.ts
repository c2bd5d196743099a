/** Begins when the lab is there: its tabs, what a link has brought, and Python. */

import { html, nothing, render } from "lit-html";

import { Page } from "../app";
import type { Content } from "../views/shown";
import { Desk } from "./desk";
import { type Brought, broughtOf, linkOf, type Tab, textLink } from "./link";
import type { Choices } from "./messages";
import { parts } from "./parts";
import { PromptTab } from "./prompt-tab";
import { ScenarioTab } from "./scenario-tab";
import { tabsView } from "./tabs";
import { TextTab } from "./text-tab";
import { TourTab } from "./tour/tab";

const page     = new Page(() => scenario.shown);
const controls = document.getElementById("controls")!;
const choices  = JSON.parse(document.getElementById("choices")!.textContent!) as Choices;
const desk     = new Desk(draw);

/** What can be done in a tab. */
interface Part {
    /** Draw the tab. */
    view(): Content;
}

const scenario: ScenarioTab = new ScenarioTab(choices, desk, page, draw, ran);
const tour     = new TourTab(choices.tour, desk, draw, {
    leave: () => choose("scenario"),
    look:  (document, wanted) => { scenario.take(document, wanted); choose("scenario"); },
});
const vectors = new TextTab(desk, draw, ran, {
    language: "json", label: "Access vectors, one a line", texts: choices.vectors,
    about: "A line is a machine and an access to try, or several: registers, entries of page tables, " +
           "and what is done. The golden model and the unit itself say what becomes of it.",
    request: text => ({ do: "access", text }),
    link:    text => textLink("vectors", text),
});
const script = new TextTab(desk, draw, ran, {
    language: "toml", label: "Kernel script", texts: choices.scripts,
    about: "Steps of processes: they map memory, store to it, fork, write through /proc. Beside a step " +
           "stands what must come of it. It is played on the kernel, once on the golden model of the " +
           "machine and once on the unit itself.",
    request: text => ({ do: "script", text }),
    link:    text => textLink("script", text),
});
const walk = new PromptTab(desk, draw, () => scenario.wanted);

const tabs: Record<Tab, Part> = { tour, scenario, vectors, script, walk };

let tab: Tab = "tour";
/** What a link has brought, as long as it is not run. */
let brought: Brought | null = null;

bring(broughtOf(location.hash, choices));
draw();
desk.load(parts);
addEventListener("hashchange", () => {
    const found = broughtOf(location.hash, choices);
    if (tab === "tour" && tour.follow(location.hash)) return;
    // A place in the run that is shown brings nothing new.
    if (found?.tab === "scenario" && linkOf(found.wanted) === scenario.shown) return;
    if (found !== null) bring(found);
    draw();
});

/** Take what a link has brought, and run nothing of it. */
function bring(found: Brought | null): void {
    brought = found;
    switch (found?.tab) {
        case "tour":     tour.go(found.act ?? 0); break;
        case "scenario": scenario.bring(found.wanted); break;
        case "vectors":  vectors.bring(found.text); break;
        case "script":   script.bring(found.text); break;
    }
    if (found !== null) tab = found.tab;
}

function choose(chosen: Tab): void {
    tab = chosen;
    desk.forget();
    draw();
}

function draw(): void {
    const root = document.documentElement;
    root.dataset["stage"] = desk.progress.stage;
    root.dataset["tab"]   = tab;
    if (!isForeign()) brought = null;
    const { status, remark } = desk.progress;
    render(html`
        <h1 id="controls-title">A kernel meets an MMU</h1>
        ${tabsView(tab, choose)}
        <div role="tabpanel" id="panel" aria-labelledby="tab-${tab}">
            ${brought?.tab === tab ? foreignView(brought) : nothing}
            ${tabs[tab].view()}
        </div>
        <p class="status" role="status">${status}</p>
        ${remark === null ? nothing : html`<p class="remark">${remark}</p>`}`, controls);
}

/** Whoever has run what a link has brought has made it their own. */
function ran(): void {
    brought = null;
}

/** True as long as what a link has brought is what is chosen. */
function isForeign(): boolean {
    switch (brought?.tab) {
        case "scenario": return brought.wanted.scenario === scenario.wanted.scenario;
        case "vectors":  return vectors.chosen === null;
        case "script":   return script.chosen === null;
        default:         return false;
    }
}

function foreignView(found: Brought): Content {
    if (found.tab === "tour") return nothing;
    const text = found.tab !== "scenario" || found.wanted.text !== null;
    return html`<p class="foreign">A link has brought what is chosen here${
        text ? ", and a text that somebody else has written: read it before you run it" : ""}.
        Nothing runs before you press Run, and nothing leaves this page.</p>`;
}
