/** Python in its worker, from the first load on: one request at a time, which can be stopped. */

import type { Message, Order, Parts, Request } from "./messages";

/** The text of the worker, which the build puts here. */
declare const WORKER: string;

export class Session {
    #worker: Worker | null = null;
    #parts: Parts | null = null;

    constructor(private readonly hear: (message: Message) => void) {}

    /** Load Python; what is heard last is that it is ready, or why it is not. */
    async load(found: () => Promise<Parts>): Promise<void> {
        try {
            this.#parts = await found();
            this.#start();
        } catch (error) {
            this.hear({ kind: "broken", reason: (error as Error).message });
        }
    }

    ask(request: Request): void {
        this.#order({ request });
    }

    /** End whatever runs. A worker that computes hears nothing, so another one takes its place. */
    renew(): void {
        this.#worker?.terminate();
        this.#start();
    }

    #start(): void {
        const address = URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" }));
        this.#worker = new Worker(address);
        URL.revokeObjectURL(address);
        this.#worker.onmessage = ({ data }: MessageEvent<Message>) => this.hear(data);
        this.#worker.onerror = event => this.hear({ kind: "broken", reason: event.message });
        this.#order({ parts: this.#parts! });
    }

    #order(order: Order): void {
        this.#worker!.postMessage(order);
    }
}
