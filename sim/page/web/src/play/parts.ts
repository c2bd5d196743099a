/** The packed parts of the lab: in the page, or beside it on its server. */

import { bytesOf } from "./base85";
import type { Parts } from "./messages";

/** All parts. Throws an error with one line for the reader. */
export async function parts(): Promise<Parts> {
    const names = JSON.parse(document.getElementById("parts")!.textContent!) as string[];
    return Object.fromEntries(await Promise.all(
        names.map(async name => [name, await part(name)] as const)));
}

async function part(name: string): Promise<ArrayBuffer> {
    const inside = document.getElementById(`part-${name}`);
    if (inside !== null) {
        const bytes = bytesOf(inside.textContent!, Number(inside.dataset["size"]));
        inside.remove();
        return bytes;
    }
    if (location.protocol === "file:") {
        throw new Error("A browser reads a folder only from a web server: serve it, or make one " +
                        "file with dragoncage lab --single.");
    }
    const found = await fetch(`parts/${name}.gz`);
    if (!found.ok) throw new Error(`The server has no parts/${name}.gz.`);
    return await found.arrayBuffer();
}
