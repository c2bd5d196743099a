/** Begins when the page is there: shows the document that it carries, and any that it is handed. */

import { Page } from "./app";
import { type Decision, decided, type State } from "./explorer/state";
import type { RunDocument } from "./model/document";
import { load } from "./model/load";

declare global {
    interface Window {
        dragoncage: {
            /** Who makes a document elsewhere shows it by this, act by act. */
            show(document: RunDocument): void;
            /** What the explorer says of a state. */
            decided(state: State): Decision | "impossible";
        };
    }
}

const page = new Page();
window.dragoncage = { show: document => page.show(document), decided };

const element = document.getElementById("run");
if (element !== null) {
    load(element).then(window.dragoncage.show).catch((error: Error) => {
        document.getElementById("summary")!.textContent = error.message;
        throw error;
    });
}
