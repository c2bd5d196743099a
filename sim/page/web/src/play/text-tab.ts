/** A tab with a text of which somebody says something: access vectors, or a kernel script. */

import { nothing } from "lit-html";

import type { Content } from "../views/shown";
import { benchView, type Said } from "./bench";
import type { Desk } from "./desk";
import { Editor } from "./editor";
import type { Request } from "./messages";

interface TextOptions {
    language: "json" | "toml";
    label:    string;
    about:    string;
    /** Texts to begin with, by their names. */
    texts:    Record<string, string>;
    request:  (text: string) => Request;
    link:     (text: string) => string;
}

export class TextTab {
    readonly #editor: Editor;
    /** The text that was begun with; null if it is another one. */
    chosen: string | null;
    #said: Said[] = [];

    constructor(
        private readonly desk: Desk, private readonly draw: () => void,
        private readonly ran: () => void,
        private readonly options: TextOptions,
    ) {
        this.#editor = new Editor(options.language, options.label, () => this.#changed());
        this.chosen = Object.keys(options.texts)[0] ?? null;
        this.#editor.text = this.chosen === null ? "" : options.texts[this.chosen]!;
    }

    view(): Content {
        const { desk, options } = this;
        this.#editor.mark(desk.progress.refusal?.line ?? null);
        return benchView({
            about: options.about, names: Object.keys(options.texts), chosen: this.chosen,
            progress: desk.progress, editor: this.#editor.element,
            link: options.link(this.#editor.text), said: this.#said, more: nothing,
        }, {
            choose: name => this.#choose(name),
            run:    () => this.#run(),
            stop:   () => desk.stop(),
            goTo:   line => this.#editor.goTo(line),
        });
    }

    /** Take what a link has brought. */
    bring(text: string): void {
        this.chosen = null;
        this.#said   = [];
        this.#editor.text = text;
    }

    #choose(name: string): void {
        this.chosen = name;
        this.#editor.text = this.options.texts[name]!;
        this.#said   = [];
        this.desk.forget();
        this.draw();
    }

    #changed(): void {
        this.desk.forget();
        this.draw();
    }

    #run(): void {
        const begun = this.desk.start(this.options.request(this.#editor.text), message => {
            if (message.kind === "said") this.#said = [...this.#said, message];
            this.draw();
        });
        if (!begun) return;
        this.ran();
        this.#said = [];
        this.draw();
    }
}
