/** Begins when the lab is there: its tabs, what a link has brought, and Python. */

import { html, nothing, render } from "lit-html";

import { Page } from "../app";
import type { Content } from "../views/shown";
import { aboutView, noticesIn } from "./about";
import { Desk } from "./desk";
import { type Brought, broughtOf, linkOf, linkTo, scenarioOf, type Tab } from "./link";
import type { Choices } from "./messages";
import { lackOf } from "./needs";
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
    /** The fragment that brings what is in the tab. */
    readonly link: string;
    /** Draw the tab. */
    view(): Content;
}

const scenario: ScenarioTab = new ScenarioTab(choices, desk, page, draw, ran);
const tour     = new TourTab(choices.tour, desk, draw, {
    leave: () => choose("scenario"),
    look:  (document, wanted) => { scenario.take(document, wanted); choose("scenario"); },
});
const vectors = new TextTab(desk, draw, ran, {
    tab: "vectors", language: "json", label: "Access vectors, one a line", texts: choices.vectors,
    rows: choices.reference.vectors,
    about: "A line is a machine and an access to try, or several: registers, entries of page tables, " +
           "and what is done. The golden model and the unit itself say what becomes of it.",
    request: text => ({ do: "access", text }),
});
const script = new TextTab(desk, draw, ran, {
    tab: "script", language: "toml", label: "Kernel script", texts: choices.scripts,
    rows: choices.reference.script,
    about: "Steps of processes: they map memory, store to it, fork, write through /proc. Beside a step " +
           "stands what must come of it. It is played on the kernel, once on the golden model of the " +
           "machine and once on the unit itself.",
    request: text => ({ do: "script", text }),
});
const walk = new PromptTab(desk, draw, () => scenario.wanted, ran);

const tabs: Record<Tab, Part> = { tour, scenario, vectors, script, walk };

let tab: Tab = "tour";
/** What a link has brought, as long as it is not run. */
let brought: Brought | null = null;

bring(broughtOf(location.hash, choices));
draw();
desk.load(async () => {
    const lack = lackOf(window);
    if (lack !== null) throw new Error(lack);
    return await parts();
});
addEventListener("hashchange", () => {
    const found = broughtOf(location.hash, choices);
    if (tab === "tour" && tour.follow(location.hash)) return;
    // A place in the run that is shown brings nothing new.
    if (found?.tab === "scenario" && linkOf(found.wanted) === scenario.shown) return;
    // Nor does a link of this page itself.
    if (found !== null && isThere(found)) tab = found.tab;
    else if (found !== null) bring(found);
    draw();
});

/** Take what a link has brought, and run nothing of it. */
function bring(found: Brought | null): void {
    brought = found;
    switch (found?.tab) {
        case "tour":     tour.go(found.act); break;
        case "scenario": scenario.bring(found.wanted); break;
        case "vectors":  vectors.bring(found.text); break;
        case "script":   script.bring(found.text); break;
        case "walk":     walk.bring(found.text); break;
    }
    if (found !== null) tab = found.tab;
}

function choose(chosen: Tab): void {
    tab = chosen;
    draw();
}

function draw(): void {
    const root = document.documentElement;
    root.dataset["stage"] = desk.stage;
    root.dataset["tab"]   = tab;
    if (!isForeign()) brought = null;
    render(html`
        <h1 id="controls-title">A kernel meets an MMU</h1>
        ${tabsView(tab, choose, about)}
        <div role="tabpanel" id="panel" aria-labelledby="tab-${tab}">
            ${brought?.tab === tab ? foreignView(brought) : nothing}
            ${tabs[tab].view()}
        </div>`, controls);
}

/** Show what the page is made of. */
function about(): void {
    const dialog = document.getElementById("about") as HTMLDialogElement;
    render(aboutView(noticesIn("notices", "bundled"), () => dialog.close()), dialog);
    dialog.showModal();
}

/** Whoever has run something has made it their own; and the address of the page is the link to it. */
function ran(link: string): void {
    brought = null;
    const kept = broughtOf(location.hash, choices);
    // The address may name a place in the run, too.
    if (kept === null || linkTo(kept) !== link) history.replaceState(null, "", `#${link}`);
}

/** True if what a link brings is in its tab already. */
function isThere(found: Brought): boolean {
    return found.unknown.length === 0 && linkTo(found) === tabs[found.tab].link;
}

/** True as long as what a link has brought is what is chosen. */
function isForeign(): boolean {
    switch (brought?.tab) {
        case "scenario": return brought.wanted.scenario === scenario.wanted.scenario;
        case "vectors":  return vectors.chosen === null;
        case "script":   return script.chosen === null;
        case "walk":     return walk.link === linkTo(brought);
        case "tour":     return brought.unknown.length > 0 && tour.link === linkTo(brought);
        default:         return false;
    }
}

function foreignView(found: Brought): Content {
    const { unknown } = found;
    const lacking = unknown.length === 0 ? nothing
        : html`The link names what this lab has not: ${unknown.join(", ")}.`;
    if (found.tab === "tour") return html`<p class="foreign">${lacking}</p>`;
    const text = found.tab !== "scenario"
        || found.wanted.text !== (scenarioOf(choices, found.wanted.scenario)?.text ?? null);
    return html`<p class="foreign">A link has brought what is chosen here${
        text ? ", and a text that somebody else has written: read it before you run it" : ""}.
        Nothing runs before you press ${found.tab === "walk" ? "Enter" : "Run"}, and nothing leaves this
        page. ${lacking}</p>`;
}
