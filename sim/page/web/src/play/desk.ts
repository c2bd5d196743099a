/** Python and one request at a time: what is going on, in words, and what comes of it. */

import { numberText } from "../model/text";
import type { Tab } from "./link";
import type { Message, Parts, Request } from "./messages";
import { Session } from "./session";
import { NAMES } from "./tabs";

/** What the page knows of the worker. */
export type Stage = "loading" | "ready" | "busy" | "broken";

/** A reason for which something was not done; perhaps of a line of the text. */
export interface Refusal {
    reason: string;
    line:   number | null;
}

/** How it goes, as a tab tells it. */
export interface Progress {
    stage:   Stage;
    /** What is going on. */
    status:  string;
    remark:  string | null;
    refusal: Refusal | null;
    /** The line of the code that has the mistake, as Python was told it. */
    code:    string | null;
}

/** What there is to say of the last request of a tab. */
type Note = Omit<Progress, "stage">;

const SILENT: Note = { status: "", remark: null, refusal: null, code: null };

/** A request that is being done: whose it is, and who hears what comes of it. */
interface Job {
    tab:  Tab;
    hear: (message: Message) => void;
}

export class Desk {
    #stage: Stage = "loading";
    /** What is being loaded, or why it cannot be. */
    #loading = "Loading Python\u2026";
    #job: Job | null = null;
    #since = 0;
    #acts = 0;
    readonly #notes = new Map<Tab, Note>();
    readonly #session = new Session(message => this.#hear(message));

    /** `changed` is called whenever the progress is another one. */
    constructor(private readonly changed: () => void) {}

    get stage(): Stage {
        return this.#stage;
    }

    /** How it goes, for a tab: its own request, and Python, which all have in common. */
    progress(tab: Tab): Progress {
        const note = this.#noteOf(tab);
        switch (this.#stage) {
            case "ready":   return { stage: "ready", ...note, status: note.status || "Ready." };
            case "loading": return { stage: "loading", ...note,
                                     status: [note.status, this.#loading].filter(Boolean).join(" ") };
            case "broken":  return { stage: "broken", ...SILENT,
                                     refusal: { reason: this.#loading, line: null } };
            case "busy": {
                const owner = this.#job!.tab;
                return { stage: "busy", ...note, status: owner === tab ? note.status
                    : `${NAMES[owner]}: ${this.#noteOf(owner).status}` };
            }
        }
    }

    load(parts: () => Promise<Parts>): void {
        void this.#session.load(parts);
    }

    /** Have a request of a tab done; `hear` is told all that comes of it. False if Python is not ready. */
    start(tab: Tab, request: Request, hear: (message: Message) => void): boolean {
        if (this.#stage !== "ready") return false;
        this.#since = performance.now();
        this.#acts  = 0;
        this.#job   = { tab, hear };
        this.#stage = "busy";
        this.#notes.set(tab, { ...SILENT, status: "It begins\u2026" });
        this.changed();
        this.#session.ask(request);
        return true;
    }

    /** End what is being done; nothing more comes of it. */
    stop(): void {
        const job = this.#job;
        if (job === null) return;
        this.#notes.set(job.tab, { ...SILENT, status: "Stopped." });
        this.#renew();
        job.hear({ kind: "stopped" });
    }

    /** Forget what was said of the last request of a tab: what it asked for has been changed. */
    forget(tab: Tab): void {
        if (this.#job?.tab !== tab && this.#notes.delete(tab)) this.changed();
    }

    #noteOf(tab: Tab): Note {
        return this.#notes.get(tab) ?? SILENT;
    }

    #say(more: Partial<Note>): void {
        const { tab } = this.#job!;
        this.#notes.set(tab, { ...this.#noteOf(tab), ...more });
        this.changed();
    }

    #renew(): void {
        this.#job     = null;
        this.#stage   = "loading";
        this.#loading = "Python is loaded again\u2026";
        this.changed();
        this.#session.renew();
    }

    #hear(message: Message): void {
        const job = this.#job;
        if (job === null) return this.#load(message);
        this.#note(message);
        job.hear(message);
        // Python may be in any state after an error that nobody caught, so it is loaded anew.
        if (message.kind === "broken") this.#renew();
        if (message.kind === "over") this.#over(message.again);
    }

    /** Note what comes before any request. */
    #load(message: Message): void {
        switch (message.kind) {
            case "loading": this.#loading = `Loading Python: ${message.what}\u2026`; break;
            case "ready":   this.#stage = "ready"; break;
            case "broken":  this.#stage = "broken"; this.#loading = message.reason; break;
        }
        this.changed();
    }

    #over(again: boolean): void {
        const { tab } = this.#job!;
        const done = this.#noteOf(tab).refusal === null ? `Done in ${this.#seconds()} s.`
                                                        : "It was not done to its end.";
        this.#say({ status: again ? done : `${done} The text has changed the project\u2019s own code.` });
        if (!again) return this.#renew();
        this.#job   = null;
        this.#stage = "ready";
        this.changed();
    }

    /** Note what comes of a request. */
    #note(message: Message): void {
        switch (message.kind) {
            case "broken":
                return this.#say({ status: "It came to a bad end.",
                                   refusal: { reason: message.reason, line: null } });
            case "begun":
                return this.#say({ status: `It is played on the engine ${message.engine}\u2026`,
                                   remark: message.remark });
            case "act":
                return this.#say({ status: `Act ${++this.#acts}: ${message.title}\u2026` });
            case "cycle":
                return this.#say({ status: `Cycle ${numberText(message.cycle)}\u2026` });
            case "drawing":
                return this.#say({ status: `Played in ${this.#seconds()} s; it is being drawn\u2026` });
            case "mistake":
                return this.#say({ refusal: { reason: message.reason, line: message.line },
                                   code: message.text || null });
            case "refused":
                return this.#say({ refusal: { reason: message.reason, line: null } });
        }
    }

    #seconds(): string {
        return ((performance.now() - this.#since) / 1000).toFixed(1);
    }
}
