/** The tab with the prompt: the lines that were entered, and what came of each. */

import type { Content } from "../views/shown";
import type { Desk } from "./desk";
import { textLink } from "./link";
import type { Message, Wanted } from "./messages";
import { EXAMPLES, type Entered, promptView } from "./prompt";

/** Lines that are kept in sight. */
const MOST = 20;

export class PromptTab {
    #entered: Entered[] = [];
    #line = "0x7ffff7ffc000 --at 5.7";
    /** Which of the entered lines is in the field, counted from the last; 0 is none. */
    #back = 0;

    constructor(
        private readonly desk: Desk, private readonly draw: () => void,
        private readonly scenario: () => Wanted, private readonly ran: (link: string) => void,
    ) {}

    /** The link of the line in the field, or of the last one that was entered. */
    get link(): string {
        return textLink("walk", this.#line || (this.#entered.at(-1)?.line ?? ""));
    }

    /** Take the line that a link has brought. */
    bring(line: string): void {
        this.#line = line;
        this.#back = 0;
    }

    view(): Content {
        const { text, scenario } = this.scenario();
        return promptView({
            entered: this.#entered, line: this.#line, link: this.link,
            progress: this.desk.progress("walk"),
            examples: EXAMPLES, file: text === null ? null : `${scenario}.py`,
        }, {
            type:  line => this.#type(line),
            enter: () => this.#enter(),
            stop:  () => this.desk.stop(),
            back:  direction => this.#recall(direction),
        });
    }

    #type(line: string): void {
        this.bring(line);
        this.draw();
    }

    #enter(): void {
        const { scenario, text } = this.scenario();
        const line  = this.#line.trim();
        const { link } = this;
        const begun = this.desk.start("walk", { do: "walk", line, scenario, text }, heard => this.#hear(heard));
        if (!begun) return;
        this.ran(link);
        this.#entered = [...this.#entered, { line, text: null, good: true }].slice(-MOST);
        this.#type("");
        document.querySelector<HTMLElement>(".prompt input")!.focus();
    }

    #hear(message: Message): void {
        if (message.kind === "said") this.#answer(message.text, message.good !== false);
        if (message.kind === "broken") this.#answer(message.reason, false);
        if (message.kind === "stopped") this.#answer("Stopped.", false);
        this.draw();
        document.querySelector(".terminal-log p:last-of-type")?.scrollIntoView({ block: "nearest" });
    }

    #answer(text: string, good: boolean): void {
        this.#entered = [...this.#entered.slice(0, -1), { ...this.#entered.at(-1)!, text, good }];
    }

    #recall(direction: 1 | -1): void {
        const back = Math.min(Math.max(this.#back - direction, 0), this.#entered.length);
        this.#line = back === 0 ? "" : this.#entered.at(-back)!.line;
        this.#back = back;
        this.draw();
    }
}
