/** The document that stands in the page, plain or compressed. */

import type { RunDocument } from "./document";

/** The document in an element of the page. Throws an error with one line for the reader. */
export async function load(element: HTMLElement): Promise<RunDocument> {
    const text = element.textContent ?? "";
    const found = element.dataset["encoding"] === "gzip+base64"
        ? await unzipped(text)
        : JSON.parse(text) as { schema?: unknown };
    if (found.schema !== 1) {
        throw new Error(`This page draws documents of schema 1, and not of ${found.schema}.`);
    }
    return found as RunDocument;
}

async function unzipped(text: string): Promise<{ schema?: unknown }> {
    const bytes = Uint8Array.from(atob(text.trim()), letter => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return await new Response(stream).json() as { schema?: unknown };
}
