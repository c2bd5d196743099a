/**
 * Python in a worker: it is loaded from parts that the page hands over, and does what it is asked to.
 *
 * A page that was opened from a disk may start only a worker of the old kind, made of a blob; and it
 * may ask for nothing. So each part that Pyodide would fetch is handed to it.
 */

import type { Message, Order, Parts } from "./messages";
import { unpacked } from "./unpacked";

interface Pyodide {
    FS: { mkdirTree(path: string): void };
    unpackArchive(bytes: ArrayBuffer, format: string, options: { extractDir: string }): void;
    runPython(code: string): unknown;
}

/** Does a request; returns true if another one can follow. */
type Perform = (request: string, hear: (text: string) => void) => boolean;

const scope = self as unknown as {
    onmessage: (event: MessageEvent<Order>) => void;
    postMessage(message: Message): void;
    fetch: (address: string | URL | Request) => Promise<Response>;
    importScripts: () => never;
};

/** Folder of the packages; in it may be machines. */
const START = `
import os, sys
sys.path.insert(0, "/packages")
os.environ["DRAGONCAGE_MACHINES"] = "/packages/machines" * os.path.exists("/packages/machines/machines.json")
from sim.cli.requests import perform
perform`;

let perform: Perform | null = null;

scope.onmessage = async ({ data }) => {
    try {
        if ("parts" in data) {
            perform = await loaded(data.parts);
            scope.postMessage({ kind: "ready" });
        } else {
            const again = perform!(JSON.stringify(data.request),
                                   text => scope.postMessage(JSON.parse(text) as Message));
            scope.postMessage({ kind: "over", again });
        }
    } catch (error) {
        scope.postMessage({ kind: "broken", reason: lastLine(String(error)) });
    }
};

async function loaded(packed: Parts): Promise<Perform> {
    scope.postMessage({ kind: "loading", what: "unpacking" });
    const parts = Object.fromEntries(await Promise.all(
        Object.entries(packed).map(async ([name, bytes]) => [name, await unpacked(bytes)] as const)));
    const part = (name: string): ArrayBuffer => parts[name]!;
    scope.fetch = async address => handed(parts, String(address instanceof Request ? address.url
                                                                                   : address));
    // Where there is this function, Pyodide wants a worker of the new kind, unless it fails so.
    scope.importScripts = () => { throw new TypeError("this worker imports modules"); };
    scope.postMessage({ kind: "loading", what: "starting Python" });
    const { loadPyodide } = await imported(part("pyodide.mjs"));
    const { default: createPyodideModule } = await imported(part("pyodide.asm.mjs"));
    const python = await (loadPyodide as (options: object) => Promise<Pyodide>)({
        indexURL: "https://parts.invalid/", createPyodideModule,
        lockFileContents: new TextDecoder().decode(part("pyodide-lock.json")),
    });
    scope.postMessage({ kind: "loading", what: "importing the packages" });
    python.FS.mkdirTree("/packages");
    python.unpackArchive(part("packages.zip"), "zip", { extractDir: "/packages" });
    // All has been taken out of them, and twenty megabytes would be kept.
    for (const name of Object.keys(parts)) delete parts[name];
    return python.runPython(START) as Perform;
}

/** The part that an address ends in, as a server would send it. */
function handed(parts: Record<string, ArrayBuffer>, address: string): Response {
    const name = address.split("/").at(-1)!;
    if (!(name in parts)) throw new TypeError(`the page has no part ${name}`);
    const type = name.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
    return new Response(parts[name]!, { headers: { "Content-Type": type } });
}

async function imported(source: ArrayBuffer): Promise<Record<string, unknown>> {
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    try {
        return await import(address) as Record<string, unknown>;
    } finally {
        URL.revokeObjectURL(address);
    }
}

/** The last line of an error of Python's, which has the whole stack. */
function lastLine(text: string): string {
    return text.trim().split("\n").at(-1)!;
}
