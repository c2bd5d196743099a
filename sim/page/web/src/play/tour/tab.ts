/** The tab of the tour: where the visitor is, and the runs that are played on the way. */

import type { RunDocument } from "../../model/document";
import { placeOf } from "../../model/place";
import type { Content } from "../../views/shown";
import type { Desk } from "../desk";
import { tourLink } from "../link";
import type { Tour, Wanted } from "../messages";
import { BEGIN, drawnAt, moved, type Route, stationAt, wantedFor } from "./route";
import { tourView } from "./view";

/** The ways out of the tour. */
interface Ways {
    leave: () => void;
    /** To everything that is known of a run. */
    look:  (document: RunDocument, wanted: Wanted) => void;
}

export class TourTab {
    #route: Route = BEGIN;

    constructor(
        private readonly tour: Tour, private readonly desk: Desk,
        private readonly draw: () => void, private readonly ways: Ways,
    ) {}

    view(): Content {
        const { tour, desk } = this;
        return tourView({ tour, route: this.#route, progress: desk.progress("tour") }, {
            begin:   () => this.#begin(),
            go:      at => this.#goTo(at),
            attempt: () => this.#attempt(),
            draw:    trying => { this.#route = { ...this.#route, trying }; this.draw(); },
            stop:    () => desk.stop(),
            leave:   () => this.ways.leave(),
        });
    }

    /** The link of the place on the tour. */
    get link(): string {
        return tourLink(this.#route.at);
    }

    /** Go to a place on the tour. */
    go(at: number): void {
        this.#route = moved(this.#route, at, this.tour);
        this.desk.forget("tour");
    }

    /** Go there, and keep the place in the address of the page. */
    #goTo(at: number): void {
        this.go(at);
        history.replaceState(null, "", `#${this.link}`);
        this.draw();
        showTitle();
    }

    /** Leave for the place in the run that a fragment names; return false if it names none. */
    follow(fragment: string): boolean {
        const run = drawnAt(this.#route);
        if (run === null || placeOf(run, fragment) === null) return false;
        const station = this.#route.trying ? stationAt(this.tour, this.#route) ?? null : null;
        this.ways.look(run, wantedFor(this.tour, station));
        return true;
    }

    #begin(): void {
        this.desk.start("tour", { do: "play", ...wantedFor(this.tour, null) }, message => {
            if (message.kind !== "ended") return;
            this.#route = { ...this.#route, base: message.document, at: Math.max(this.#route.at, 1) };
            this.draw();
            showTitle();
        });
    }

    #attempt(): void {
        const { at } = this.#route;
        const station = stationAt(this.tour, this.#route)!;
        this.desk.start("tour", { do: "play", ...wantedFor(this.tour, station) }, message => {
            if (message.kind !== "ended") return;
            const tried = new Map(this.#route.tried).set(at, message.document);
            this.#route = { ...this.#route, tried, trying: this.#route.at === at };
            this.draw();
        });
    }
}

/** Bring the begin of a station into view, and to a screen reader. */
function showTitle(): void {
    const title = document.getElementById("station-title");
    title?.focus({ preventScroll: true });
    document.getElementById("controls-title")!.scrollIntoView();
}
