import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";

import { Desk } from "../src/play/desk";
import type { Message, Order, Request } from "../src/play/messages";

/** The workers that were started, the last one last. */
let workers: FakeWorker[] = [];

class FakeWorker {
    readonly orders: Order[] = [];
    ended = false;
    onmessage: (event: { data: Message }) => void = () => {};

    constructor() {
        workers.push(this);
    }

    postMessage(order: Order): void {
        this.orders.push(order);
    }

    terminate(): void {
        this.ended = true;
    }

    say(...messages: Message[]): void {
        for (const data of messages) this.onmessage({ data });
    }
}

Object.assign(globalThis, { Worker: FakeWorker, WORKER: "" });

const REQUEST: Request = { do: "access", text: "{}" };

/** A desk whose Python is ready, and what a request has heard. */
async function ready(): Promise<{ desk: Desk; heard: string[]; ask: () => boolean }> {
    workers = [];
    const desk  = new Desk(() => {});
    const heard: string[] = [];
    desk.load(async () => ({}));
    await new Promise(done => setTimeout(done));
    workers.at(-1)!.say({ kind: "ready" });
    return { desk, heard, ask: () => desk.start("vectors", REQUEST, ({ kind }) => heard.push(kind)) };
}

test("nothing is asked for before somebody asks", async () => {
    await ready();
    deepEqual(workers.map(({ orders }) => orders), [[{ parts: {} }]]);
});

test("a request is done, and the next can follow", async () => {
    const { desk, heard, ask } = await ready();
    equal(ask(), true);
    equal(desk.stage, "busy");
    equal(ask(), false);
    workers[0]!.say({ kind: "act", title: "one" }, { kind: "over", again: true });
    equal(desk.stage, "ready");
    deepEqual(heard, ["act", "over"]);
    equal(ask(), true);
    equal(workers.length, 1);
});

test("what is said of a request is said in its tab, and stays there", async () => {
    const { desk, ask } = await ready();
    ask();
    workers[0]!.say({ kind: "act", title: "one" });
    deepEqual([desk.progress("vectors").status, desk.progress("tour").status],
              ["Act 1: one\u2026", "Access vectors: Act 1: one\u2026"]);
    workers[0]!.say({ kind: "refused", reason: "no" }, { kind: "over", again: true });
    deepEqual([desk.progress("tour").status, desk.progress("tour").refusal], ["Ready.", null]);
    desk.start("tour", REQUEST, () => {});
    workers[0]!.say({ kind: "over", again: true });
    deepEqual(desk.progress("vectors").refusal, { reason: "no", line: null });
});

test("a stopped request is heard of no more, and Python is loaded anew", async () => {
    const { desk, heard, ask } = await ready();
    ask();
    desk.stop();
    equal(workers[0]!.ended, true);
    equal(desk.stage, "loading");
    workers[1]!.say({ kind: "ready" });
    deepEqual(heard, ["stopped"]);
    equal(desk.progress("vectors").status, "Stopped.");
    equal(ask(), true);
});

test("Python is loaded anew after a text that has changed the project's code", async () => {
    const { desk, ask } = await ready();
    ask();
    workers[0]!.say({ kind: "over", again: false });
    deepEqual([workers.length, desk.stage], [2, "loading"]);
});

test("... and after an error that nobody caught, which stays in sight", async () => {
    const { desk, ask } = await ready();
    ask();
    workers[0]!.say({ kind: "broken", reason: "it fell" });
    workers[1]!.say({ kind: "ready" });
    deepEqual([desk.stage, desk.progress("vectors").refusal?.reason], ["ready", "it fell"]);
});

test("a Python that cannot be loaded is not tried again", async () => {
    workers = [];
    const desk = new Desk(() => {});
    desk.load(async () => { throw new Error("no parts"); });
    await new Promise(done => setTimeout(done));
    deepEqual([desk.stage, desk.progress("vectors").refusal?.reason, workers.length],
              ["broken", "no parts", 0]);
    desk.forget("vectors");
    equal(desk.progress("vectors").refusal?.reason, "no parts");
});

test("a mistake names its line until the text is changed", async () => {
    const { desk, ask } = await ready();
    ask();
    workers[0]!.say({ kind: "mistake", file: "", line: 3, text: "x = (", reason: "never closed" },
                    { kind: "over", again: true });
    deepEqual([desk.progress("vectors").refusal, desk.progress("vectors").code],
              [{ line: 3, reason: "never closed" }, "x = ("]);
    desk.forget("vectors");
    deepEqual([desk.progress("vectors").refusal, desk.progress("vectors").code], [null, null]);
});
