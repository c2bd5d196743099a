/** The explorer in an element of the page. */

import { render } from "lit-html";

import type { RunDocument, Side, Walk } from "../model/document";
import { BITS, CONTROLS, type Level, type State } from "./state";
import { explorerView } from "./view";

/** A walk of the page, and the kind of access that is looked at. */
export interface Taken {
    walk:    Walk;
    attempt: string | null;
}

/** Holds the state that the reader has switched together. */
export class ExplorerPanel {
    #state: State;
    #walks = false;

    constructor(private readonly place: HTMLElement,
                private readonly walkOf: (side: Side) => Taken | null) {
        this.#state = stateOf(FIRST, "user write");
        this.#draw();
    }

    /** Offer the walks of a document, if they are of the paging that is explored. */
    show({ run }: RunDocument): void {
        this.#walks = run.mode === "4level";
        this.#draw();
    }

    #draw(): void {
        render(explorerView(this.#state, {
            change: state => this.#change(state),
            take:   this.#walks ? side => this.#take(side) : null,
        }), this.place);
    }

    #change(state: State): void {
        this.#state = state;
        this.#draw();
    }

    #take(side: Side): void {
        const taken = this.walkOf(side);
        if (taken !== null && taken.walk.entries.length > 0) {
            this.#change(stateOf(taken.walk, taken.attempt ?? this.#state.attempt));
        }
    }
}

/** The walk that it begins with: the article's page, which its process may only read. */
const FIRST: Pick<Walk, "entries" | "registers"> = {
    registers: { "CR0.WP": 1, "CR4.SMEP": 1, "CR4.SMAP": 1, "EFER.NXE": 1, "RFLAGS.AC": 0 },
    entries: ["PML4E", "PDPTE", "PDE", "PTE"].map(level => ({
        level, address: "0x0", entry: "0x0", refers_to: null, rights: null, store: null,
        bits: level === "PTE" ? ["P", "U/S", "XD"] : ["P", "R/W", "U/S"],
    })),
};

/** The state of a walk. Levels that it did not reach are not there to be switched. */
function stateOf({ entries, registers }: Pick<Walk, "entries" | "registers">, attempt: string): State {
    return {
        levels: entries.map(({ level, bits }): Level => ({
            name: level,
            bits: Object.fromEntries(BITS.map(bit => [bit, bits.includes(bit)])) as Level["bits"],
        })),
        controls: Object.fromEntries(CONTROLS.map(name => [name, Boolean(registers[name])])),
        attempt,
        hit: false,
    };
}
