/** The tabs of the lab: one is shown, and arrows lead from one to the next. */

import { html, nothing } from "lit-html";

import type { Content } from "../views/shown";
import { type Tab, TABS } from "./link";

/** Names of the tabs. */
export const NAMES: Record<Tab, string> = {
    tour: "Guided tour", scenario: "Scenarios", vectors: "Access vectors",
    script: "Kernel scripts", walk: "Page walks",
};

/** The tab that a key leads to from another one; null if it leads to none. */
export function tabOfKey(key: string, tab: Tab): Tab | null {
    const at   = TABS.indexOf(tab);
    const step = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: TABS.length - 1 }[key];
    return step === undefined ? null : TABS.at(step % TABS.length)!;
}

/** The tabs, and beside them what leads to words on the page itself. */
export function tabsView(shown: Tab, choose: (tab: Tab) => void, about: () => void): Content {
    const press = (event: KeyboardEvent): void => {
        const next = tabOfKey(event.key, shown);
        if (next === null) return;
        event.preventDefault();
        event.stopPropagation();
        choose(next);
        document.getElementById(`tab-${next}`)!.focus();
    };
    return html`<div class="tabs">
        <div role="tablist" aria-label="The lab" @keydown=${press}>${TABS.map(tab => html`
            <button type="button" role="tab" id="tab-${tab}" aria-selected=${tab === shown}
                    aria-controls=${tab === shown ? "panel" : nothing}
                    tabindex=${tab === shown ? 0 : -1}
                    @click=${() => choose(tab)}>${NAMES[tab]}</button>`)}</div>
        <button type="button" class="about" @click=${about}>About</button></div>`;
}
