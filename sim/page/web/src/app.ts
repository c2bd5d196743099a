/** The page: a document, the place in it that is shown, and the ways to another place. */

import { html, render } from "lit-html";

import { type Command, commandOf } from "./keys";
import { ExplorerPanel, type Taken } from "./explorer/panel";
import type { RunDocument, Side } from "./model/document";
import { changesOf, type Facts, factsAt } from "./model/facts";
import { attemptAt, pairAt, stackAt, walkAt } from "./model/moment";
import { firstPaths } from "./model/paths";
import { exploredIn, firstPlace, fragmentOf, type Place, placeOf, placeOfClaim } from "./model/place";
import { nextClaim, nextStop } from "./model/stops";
import { numberText } from "./model/text";
import { itemsOf } from "./model/timeline";
import { nextTheme, setTheme, type Theme } from "./theme";
import { actsView, actText } from "./views/acts";
import { barView } from "./views/bar";
import { stopText } from "./views/events";
import { helpView } from "./views/help";
import { heroView } from "./views/hero";
import { labView } from "./views/lab";
import { printView } from "./views/print";
import type { Shown } from "./views/shown";
import { summaryView } from "./views/summary";
import { WavesPanel } from "./waves/panel";

/** Delay after which a place is told to a screen reader, in milliseconds: not each of many steps. */
const PAUSE = 400;

/** The element with a name. */
function part(name: string): HTMLElement {
    return document.getElementById(name)!;
}

export class Page {
    #document: RunDocument | null = null;
    #place: Place = { cycle: 0, cpu: 0, claim: null, left: null, right: null };
    #since: number | null = null;
    #facts: Facts = new Map();
    #all = false;
    #keys = true;
    #theme: Theme = "auto";
    #pause = 0;
    readonly #waves = new WavesPanel(part("waves"), cycle => this.#go({ cycle, claim: null }));
    readonly #explorer = new ExplorerPanel(part("explorer"), side => this.#walkOf(side),
                                           () => this.#document && this.#keep("replace"));

    /** `chosen` is what else the address of the page keeps: where a run was chosen, its choice. */
    constructor(private readonly chosen: () => string | null = () => null) {
        addEventListener("hashchange", () => this.#follow());
        addEventListener("keydown", event => this.#press(event));
        addEventListener("beforeprint", () => this.#print());
        addEventListener("afterprint", () => render(html``, part("print")));
        part("theme").addEventListener("click", () => this.#run("theme"));
        part("skip").addEventListener("click", event => this.#skip(event));
    }

    /** Show a document: the first one, or the same one with more acts; the place is kept. */
    show(shown: RunDocument): void {
        const first = this.#document === null;
        this.#document = shown;
        document.title = `${shown.run.title} \u2013 dragoncage`;
        const linked = first ? placeOf(shown, location.hash) : null;
        if (first) this.#place = linked ?? firstPlace(shown);
        this.#waves.show(shown);
        this.#explorer.show(shown, this.#firstOf(shown));
        if (first) this.#explorer.follow(exploredIn(location.hash));
        this.#facts = factsAt(shown, this.#place);
        this.#draw();
        if (this.chosen() !== null) this.#keep("replace");
        if (linked !== null) {
            this.#scrollActs();
            this.#reveal();
        }
    }

    /** Forget the document: the next one is another run. */
    clear(): void {
        this.#document = null;
        this.#since    = null;
    }

    /** Draw everything of the place; `before` are the facts of the place that was shown. */
    #draw(before: Facts = this.#facts): void {
        if (this.#document === null) return;
        const shown: Shown = { document: this.#document, place: this.#place,
                               changes: changesOf(before, this.#facts) };
        render(summaryView(shown.document), part("summary"));
        render(heroView(shown), part("hero"));
        part("hero").hidden = shown.document.hero === null;
        render(actsView(shown), part("acts"));
        render(labView(shown, this.#since, this.#all, {
            go:  place => this.#go(place),
            all: all => { this.#all = all; this.#draw(); },
        }), part("lab"));
        render(barView(shown, {
            run:   command => this.#run(command),
            slide: cycle => this.#go({ cycle, claim: null }),
        }), part("bar"));
        this.#waves.move(this.#place);
        this.#tell(shown);
    }

    /** Say the place to a screen reader, once it has stood for a moment. */
    #tell({ document: of, place }: Shown): void {
        clearTimeout(this.#pause);
        this.#pause = window.setTimeout(() => {
            const events = itemsOf(of.stops, place.cycle).map(([stop]) => stopText(of, stop));
            const within = stackAt(of, place.cpu, place.cycle).at(-1) ?? "user code";
            part("status").textContent = [`Cycle ${numberText(place.cycle)}`,
                actText(of, place.cycle), `in ${within}`, ...events].join("; ");
        }, PAUSE);
    }

    /** Go to a place, and keep it in the address of the page: as a new entry, or in place of the last. */
    #go(place: Partial<Place>, keep: "push" | "replace" = "replace"): void {
        if (this.#document === null) return;
        const before = { facts: this.#facts, place: this.#place };
        this.#place = { ...this.#place, ...place };
        this.#keep(keep);
        this.#arrive(before.facts, before.place);
    }

    /** Write place and explorer into the address of the page. */
    #keep(keep: "push" | "replace"): void {
        const place = fragmentOf(this.#document!, this.#place, this.#explorer.text);
        const chosen = this.chosen();
        const fragment = chosen === null ? `#${place}` : `#${chosen}&${place}`;
        if (fragment === location.hash) return;
        if (keep === "push") history.pushState(null, "", fragment);
        else history.replaceState(null, "", fragment);
    }

    /** Show the place that the address of the page names; the explorer stays, if it names none. */
    #follow(): void {
        this.#explorer.follow(exploredIn(location.hash));
        const place = this.#document && placeOf(this.#document, location.hash);
        if (!place) return;
        const before = { facts: this.#facts, place: this.#place };
        this.#place = place;
        this.#keep("replace");
        this.#arrive(before.facts, before.place);
        this.#reveal();
    }

    #arrive(facts: Facts, place: Place): void {
        this.#since = place.cycle === this.#place.cycle ? this.#since : place.cycle;
        this.#facts = factsAt(this.#document!, this.#place);
        this.#draw(facts);
        this.#scrollActs();
    }

    /** Bring the claim into view among the acts, where these scroll by themselves. */
    #scrollActs(): void {
        const acts  = part("acts");
        const claim = acts.querySelector("[aria-current]")?.getBoundingClientRect();
        if (claim === undefined || acts.scrollHeight <= acts.clientHeight) return;
        const view = acts.getBoundingClientRect();
        if (claim.top < view.top || claim.bottom > view.bottom) {
            acts.scrollTop += claim.top - view.top - view.height / 3;
        }
    }

    /** Bring the cycle into view, where acts and cycle are below each other. */
    #reveal(): void {
        const lab = part("lab").getBoundingClientRect();
        if (lab.top < 0 || lab.top > innerHeight * 0.6) part("lab").scrollIntoView();
    }

    /** Go to the cycle within the page: the address keeps the place. */
    #skip(event: Event): void {
        event.preventDefault();
        part("lab").scrollIntoView();
        part("lab-title").focus();
    }

    #press(event: KeyboardEvent): void {
        const command = commandOf(event);
        if (command === null || !this.#keys) return;
        event.preventDefault();
        this.#run(command);
    }

    #run(command: Command): void {
        switch (command) {
            case "cpu":     return this.#nextCpu();
            case "in":      return this.#waves.zoomBy(2);
            case "out":     return this.#waves.zoomBy(0.5);
            case "earlier": return this.#waves.panBy(-0.4);
            case "later":   return this.#waves.panBy(0.4);
            case "whole":   return this.#waves.fit();
            case "help":    return this.#help();
            case "theme":   return this.#nextTheme();
            case "first":   return this.#go({ cycle: 0, claim: null });
            case "last":    return this.#go({ cycle: this.#document?.run.cycles ?? 0, claim: null });
            default: {
                const direction = command.endsWith("+") ? 1 : -1;
                return this.#step(command.slice(0, -1), direction);
            }
        }
    }

    #step(kind: string, direction: 1 | -1): void {
        const of = this.#document;
        if (of === null) return;
        const { cycle, claim } = this.#place;
        if (kind === "cycle") {
            this.#go({ cycle: Math.min(Math.max(cycle + direction, 0), of.run.cycles), claim: null });
        } else if (kind === "claim") {
            const next = nextClaim(of, cycle, claim, direction);
            if (next !== null) this.#go(placeOfClaim(of, next), "push");
        } else {
            const stop = nextStop(of, cycle, kind === "event" ? null : kind, direction);
            if (stop !== null) this.#go({ cycle: stop[0], cpu: stop[2], claim: null });
        }
    }

    /** The walk that is shown on a side. */
    #walkOf(side: Side): Taken | null {
        const of = this.#document;
        const subject = of === null ? null : pairAt(of, this.#place)[side];
        const walk = of === null || subject === null ? undefined
            : walkAt(of, subject, this.#place.cycle);
        return of === null || walk === undefined ? null
            : { walk, attempt: attemptAt(of, this.#place, side) };
    }

    /** The walk that the explorer begins with: the left of the two paths that the page shows first. */
    #firstOf(of: RunDocument): Taken | null {
        const left = firstPaths(of)?.left ?? null;
        const walk = left === null ? undefined : walkAt(of, left.subject, left.cycle);
        return left === null || walk === undefined ? null
            : { walk, attempt: left.claim === null ? null : of.claims[left.claim]!.attempt };
    }

    #nextCpu(): void {
        const count = this.#document?.cpus ?? 1;
        if (count > 1) this.#go({ cpu: (this.#place.cpu + 1) % count, claim: null });
    }

    #nextTheme(): void {
        this.#theme = nextTheme(this.#theme);
        setTheme(this.#theme, part("theme"));
        this.#waves.repaint();
    }

    #help(): void {
        render(helpView(this.#keys, active => { this.#keys = active; }), part("help"));
        (part("help") as HTMLDialogElement).showModal();
    }

    #print(): void {
        if (this.#document === null) return;
        render(printView({ document: this.#document, place: this.#place, changes: new Map() }),
               part("print"));
    }
}
