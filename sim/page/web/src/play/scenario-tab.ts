/** The tab of scenarios: what is chosen, and the run of it in the page below. */

import type { Page } from "../app";
import type { Act, RunDocument } from "../model/document";
import type { Content } from "../views/shown";
import type { Desk } from "./desk";
import { Editor } from "./editor";
import { keep } from "./files";
import { linkOf, plain } from "./link";
import type { Choices, Export, Message, Wanted } from "./messages";
import { scenarioView } from "./scenario";

export class ScenarioTab {
    wanted: Wanted;
    readonly #editor = new Editor("python", "Text of the scenario", text => this.#choose({ text }));
    #acts: Act[] = [];
    /** What is being played, or was played last. */
    #played: Wanted;
    /** The link of the choice whose run is shown below. */
    #run: string | null = null;

    constructor(
        private readonly choices: Choices, private readonly desk: Desk,
        private readonly page: Page, private readonly draw: () => void,
        private readonly ran: (link: string) => void,
    ) {
        this.wanted = this.#played = plain(choices.scenarios[0]!);
    }

    /** The link of what is chosen. */
    get link(): string {
        return linkOf(this.wanted);
    }

    /** The link of the choice whose run is shown below; null if none is. */
    get shown(): string | null {
        return this.#run;
    }

    view(): Content {
        const { choices, wanted, desk } = this;
        const progress = desk.progress("scenario");
        if (wanted.text !== null) {
            this.#editor.text = wanted.text;
            this.#editor.mark(progress.refusal?.line ?? null);
        }
        return scenarioView({
            choices, wanted, progress, editor: this.#editor.element, acts: this.#acts,
            isShown: this.#run === this.link,
        }, {
            choose: change => this.#choose(change),
            run:    () => this.#play(),
            stop:   () => desk.stop(),
            save:   what => this.#save(what),
            goTo:   line => this.#editor.goTo(line),
        });
    }

    /** Take what a link has brought. */
    bring(wanted: Wanted): void {
        this.wanted = wanted;
        this.desk.forget("scenario");
    }

    /** Take a run that was played for another tab, and show it. */
    take(document: RunDocument, wanted: Wanted): void {
        this.wanted = this.#played = wanted;
        this.#acts  = document.run.acts;
        this.desk.forget("scenario");
        this.page.clear();
        this.#show(document);
    }

    #choose(change: Partial<Wanted>): void {
        this.wanted = { ...this.wanted, ...change };
        this.desk.forget("scenario");
        this.draw();
    }

    #play(): void {
        const begun = this.desk.start("scenario", { do: "play", ...this.wanted },
                                      message => this.#hear(message));
        if (!begun) return;
        this.ran(this.link);
        this.#played = this.wanted;
        this.#acts = [];
        this.#run  = null;
        this.page.clear();
        delete document.documentElement.dataset["run"];
        this.draw();
    }

    #save(what: Export): void {
        this.desk.start("scenario", { do: "save", export: what, ...this.wanted }, message => {
            if (message.kind === "file") keep(message.name, message.type, message.content);
        });
    }

    #hear(message: Message): void {
        if (message.kind === "acted") this.#acts = [...this.#acts, message.act];
        if (message.kind === "ended" && message.document.run.acts.length) this.#show(message.document);
        this.draw();
    }

    #show(shown: RunDocument): void {
        this.#run = linkOf(this.#played);
        document.documentElement.dataset["run"] = "shown";
        this.page.show(shown);
    }
}
