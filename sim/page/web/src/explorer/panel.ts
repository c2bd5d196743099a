/** The explorer in an element of the page. */

import { render } from "lit-html";

import type { RunDocument, Side, Walk } from "../model/document";
import { stateOfText, textOf } from "./fragment";
import { ATTEMPTS, BITS, CONTROLS, type Level, LEVELS, type State } from "./state";
import { explorerView } from "./view";

/** A walk of the page, and the kind of access that is looked at. */
export interface Taken {
    walk:    Walk;
    attempt: string | null;
}

/** Holds the state that the reader has switched together, and says when it is another one. */
export class ExplorerPanel {
    #state: State = OPEN;
    #walks = false;
    #touched = false;

    constructor(private readonly place: HTMLElement,
                private readonly walkOf: (side: Side) => Taken | null,
                private readonly changed: () => unknown) {
        this.#draw();
    }

    /** Offer the walks of a document, if they are of the paging that is explored. */
    show({ run }: RunDocument, first: Taken | null): void {
        this.#walks = run.mode === "4level";
        if (!this.#touched && this.#walks && first !== null && first.walk.entries.length > 0) {
            this.#state = stateOf(first.walk, first.attempt ?? this.#state.attempt);
        }
        this.#draw();
    }

    /** The state as text, once the reader has chosen one; else null. */
    get text(): string | null {
        return this.#touched ? textOf(this.#state) : null;
    }

    /** Show the state of a text; one that names none changes nothing. */
    follow(text: string | null): void {
        const state = stateOfText(text);
        if (state === null) return;
        this.#touched = true;
        this.#state = state;
        this.#draw();
    }

    #draw(): void {
        render(explorerView(this.#state, {
            change: state => this.#change(state),
            take:   this.#walks ? side => this.#take(side) : null,
        }), this.place);
    }

    #change(state: State): void {
        this.#touched = true;
        this.#state = state;
        this.#draw();
        this.changed();
    }

    #take(side: Side): void {
        const taken = this.walkOf(side);
        if (taken !== null && taken.walk.entries.length > 0) {
            this.#change(stateOf(taken.walk, taken.attempt ?? this.#state.attempt));
        }
    }
}

/** The state of a page without a walk to begin with: everything is allowed, and every guard is on. */
const OPEN: State = {
    levels:   LEVELS.map(name => ({ name, bits: {
        "P": true, "R/W": true, "U/S": true, "XD": false, "reserved": false } })),
    controls: Object.fromEntries(CONTROLS.map(name => [name, name !== "RFLAGS.AC"])),
    attempt:  ATTEMPTS[0]!,
    cached:   null,
};

/**
 * The state of a walk. Levels that it did not reach are not there to be switched. The TLB has the
 * translation if it decides an access of that kind: it does not decide a store that is to set D.
 */
function stateOf({ entries, registers, tlb }: Walk, attempt: string): State {
    return {
        levels: entries.map(({ level, bits }): Level => ({
            name: level,
            bits: Object.fromEntries(BITS.map(bit => [bit, bits.includes(bit)])) as Level["bits"],
        })),
        controls: Object.fromEntries(CONTROLS.map(name => [name, Boolean(registers[name])])),
        attempt,
        cached: tlb?.verdicts[attempt] === undefined ? null : {
            "R/W": tlb.rights.includes("w"), "U/S": tlb.rights.includes("user"),
            XD: !tlb.rights.includes("x") },
    };
}
