/** What the page is made of: versions, licences, and where the sources are. */

import { html, nothing } from "lit-html";

import type { Content } from "../views/shown";

/** A part of the page; see sim/lab/notices.py, and build.mjs for those of this script. */
export interface Notice {
    name:    string;
    version: string;
    licence: string;
    source:  string;
    text:    string;
}

/** The notices that the page has in elements with these names. */
export function noticesIn(...names: string[]): Notice[] {
    return names.flatMap(name => JSON.parse(document.getElementById(name)!.textContent!) as Notice[]);
}

/** The content of the dialog. */
export function aboutView(notices: Notice[], close: () => void): Content {
    return html`
        <h2 id="about-title">What this page is made of</h2>
        <p>All that plays here is in the page, and nothing leaves it. It is free software: these are its
            parts, each with its licence.</p>
        <ul class="notices">${notices.map(noticeView)}</ul>
        <p><button type="button" @click=${close}>Close</button></p>`;
}

function noticeView({ name, version, licence, source, text }: Notice): Content {
    return html`<li><details>
        <summary>${name} ${version} <span class="none">${licence}</span></summary>
        <p>Source: ${/^https:/.test(source) ? html`<a href=${source} rel="noreferrer">${source}</a>` : source}</p>
        ${text === "" ? nothing : html`<pre tabindex="0">${text}</pre>`}</details></li>`;
}
