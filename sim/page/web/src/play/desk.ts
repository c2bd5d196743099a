/** Python and one request at a time: what is going on, in words, and what comes of it. */

import { numberText } from "../model/text";
import type { Message, Parts, Request } from "./messages";
import { Session } from "./session";

/** What the page knows of the worker. */
export type Stage = "loading" | "ready" | "busy" | "broken";

/** A reason for which something was not done; perhaps of a line of the text. */
export interface Refusal {
    reason: string;
    line:   number | null;
}

export interface Progress {
    stage:   Stage;
    /** What is going on. */
    status:  string;
    remark:  string | null;
    refusal: Refusal | null;
    /** The line of the code that has the mistake, as Python was told it. */
    code:    string | null;
}

export class Desk {
    readonly progress: Progress = {
        stage: "loading", status: "Loading Python\u2026", remark: null, refusal: null, code: null,
    };

    readonly #session = new Session(message => this.#hear(message));
    #job: ((message: Message) => void) | null = null;
    #since = 0;
    #acts = 0;

    /** `changed` is called whenever the progress is another one. */
    constructor(private readonly changed: () => void) {}

    load(parts: () => Promise<Parts>): void {
        void this.#session.load(parts);
    }

    /** Have a request done; `job` hears all that comes of it. Return false if Python is not ready. */
    start(request: Request, job: (message: Message) => void): boolean {
        if (this.progress.stage !== "ready") return false;
        this.#since = performance.now();
        this.#acts  = 0;
        this.#job   = job;
        this.#change({ stage: "busy", status: "It begins\u2026", remark: null, refusal: null,
                       code: null });
        this.#session.ask(request);
        return true;
    }

    /** End what is being done; nothing more comes of it. */
    stop(): void {
        if (this.progress.stage !== "busy") return;
        this.#renew("Stopped.");
    }

    /** Forget what was said of the last request: what it asked for has been changed. */
    forget(): void {
        const { stage, refusal, remark } = this.progress;
        if (stage !== "broken" && (refusal ?? remark)) this.#change({ refusal: null, code: null, remark: null });
    }

    #change(more: Partial<Progress>): void {
        Object.assign(this.progress, more);
        this.changed();
    }

    #renew(reason: string): void {
        this.#job = null;
        this.#change({ stage: "loading", status: `${reason} Python is loaded again\u2026` });
        this.#session.renew();
    }

    #hear(message: Message): void {
        const job = this.#job;
        this.#note(message);
        job?.(message);
        // Python may be in any state after an error that nobody caught, so it is loaded anew.
        if (message.kind === "broken" && job !== null) this.#renew("It came to a bad end.");
        if (message.kind === "over") this.#over(message.again);
    }

    #over(again: boolean): void {
        const done = this.progress.refusal === null ? `Done in ${this.#seconds()} s.`
                                                    : "It was not done to its end.";
        if (again) {
            this.#job = null;
            return this.#change({ stage: "ready", status: done });
        }
        this.#renew(`${done} The text has changed the project\u2019s own code.`);
    }

    #note(message: Message): void {
        switch (message.kind) {
            case "loading": return this.#change({ status: `Loading Python: ${message.what}\u2026` });
            case "ready":   return this.#change({ stage: "ready", status: "Ready." });
            case "broken":
                return this.#change({ stage: "broken", status: "",
                                      refusal: { reason: message.reason, line: null } });
            case "begun":
                return this.#change({ status: `It is played on the engine ${message.engine}\u2026`,
                                      remark: message.remark });
            case "act":
                return this.#change({ status: `Act ${++this.#acts}: ${message.title}\u2026` });
            case "cycle":
                return this.#change({ status: `Cycle ${numberText(message.cycle)}\u2026` });
            case "drawing":
                return this.#change({ status: `Played in ${this.#seconds()} s; it is being drawn\u2026` });
            case "mistake":
                return this.#change({ refusal: { reason: message.reason, line: message.line },
                                      code: message.text || null });
            case "refused":
                return this.#change({ refusal: { reason: message.reason, line: null } });
        }
    }

    #seconds(): string {
        return ((performance.now() - this.#since) / 1000).toFixed(1);
    }
}
