/** A tab with a text of which somebody says something: access vectors, or a kernel script. */

import type { Content } from "../views/shown";
import { benchView, type Said } from "./bench";
import type { Desk } from "./desk";
import { Editor } from "./editor";
import { textLink } from "./link";
import type { Request, Row } from "./messages";

interface TextOptions {
    tab:      "vectors" | "script";
    language: "json" | "toml";
    label:    string;
    about:    string;
    /** Texts to begin with, by their names. */
    texts:    Record<string, string>;
    rows:     Row[];
    request:  (text: string) => Request;
}

export class TextTab {
    readonly #editor: Editor;
    /** The text that was begun with; null if it is another one. */
    chosen: string | null;
    #said: Said[] = [];

    constructor(
        private readonly desk: Desk, private readonly draw: () => void,
        private readonly ran: (link: string) => void,
        private readonly options: TextOptions,
    ) {
        this.#editor = new Editor(options.language, options.label, () => this.#changed());
        this.chosen = Object.keys(options.texts)[0] ?? null;
        this.#editor.text = this.chosen === null ? "" : options.texts[this.chosen]!;
    }

    /** The link of the text. */
    get link(): string {
        return textLink(this.options.tab, this.#editor.text);
    }

    view(): Content {
        const { desk, options } = this;
        const progress = desk.progress(options.tab);
        this.#editor.mark(progress.refusal?.line ?? null);
        return benchView({
            about: options.about, names: Object.keys(options.texts), chosen: this.chosen,
            progress, editor: this.#editor.element, link: this.link, said: this.#said,
            rows: options.rows, wraps: options.language === "json",
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
        this.desk.forget(this.options.tab);
    }

    #choose(name: string): void {
        this.chosen = name;
        this.#editor.text = this.options.texts[name]!;
        this.#said   = [];
        this.desk.forget(this.options.tab);
        this.draw();
    }

    #changed(): void {
        this.desk.forget(this.options.tab);
        this.draw();
    }

    #run(): void {
        const { tab, request } = this.options;
        const begun = this.desk.start(tab, request(this.#editor.text), message => {
            if (message.kind === "said") this.#said = [...this.#said, message];
            this.draw();
        });
        if (!begun) return;
        this.ran(this.link);
        this.#said = [];
        this.draw();
    }
}
