/** The keys of the page, and how to read it. */

import { html } from "lit-html";

import { KEYS, keyText } from "../keys";
import type { Content } from "./shown";

/** Contents of the dialog; single keys can be switched off, for who speaks to the computer. */
export function helpView(active: boolean, activate: (active: boolean) => void): Content {
    return html`
        <form method="dialog">
            <h2 id="help-title">Keys</h2>
            <table>
                <tbody>${KEYS.map(([keys, words]) => html`
                    <tr><th scope="row">${keys.map(key => html`<kbd>${keyText(key)}</kbd> `)}</th>
                        <td>${words}</td></tr>`)}</tbody>
            </table>
            <p><label><input type="checkbox" .checked=${active} @change=${(event: Event) =>
                activate((event.target as HTMLInputElement).checked)}> keys are on</label></p>
            <p>A cycle is shown as it begins: a store in that very cycle counts from the next one on.
                The address of the page keeps the place, so a claim or a cycle can be linked to.</p>
            <button type="submit">Close</button>
        </form>`;
}
