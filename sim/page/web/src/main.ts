/** Begins when the page is there: shows the document that it carries, and any that it is handed. */

import { Page } from "./app";
import type { RunDocument } from "./model/document";
import { load } from "./model/load";

declare global {
    interface Window {
        /** Who makes a document elsewhere shows it by this, act by act. */
        dragoncage: { show(document: RunDocument): void };
    }
}

const page = new Page();
window.dragoncage = { show: document => page.show(document) };

const element = document.getElementById("run");
if (element !== null) {
    load(element).then(window.dragoncage.show).catch((error: Error) => {
        document.getElementById("summary")!.textContent = error.message;
        throw error;
    });
}
