/** A frame of memory, in which two paths meet. */

import { html, nothing } from "lit-html";

import type { Frame, RunDocument } from "../model/document";
import { factName } from "../model/facts";
import { wordAt, wordsAt } from "../model/moment";
import { countText, makerText, sizeText } from "../model/text";
import { changedClass, type Content, cycleLink, type Shown } from "./shown";

/** Where a path ends: in the frame, before it since the access is refused, or elsewhere. */
export type End = "arrives" | "refused" | "elsewhere";

/** The arrows of two paths into one frame. */
export function arrowsView(left: End, right: End): Content {
    const tail = (end: End): number => end === "refused" ? 34 : 40;
    return html`
        <div class="arrows" aria-hidden="true">
            <svg viewBox="0 0 100 40" preserveAspectRatio="none">
                <path class="left ${left}"
                      d="M25 0 V12 Q25 20 28 20 H43 Q46 20 46 28 V${tail(left)}" />
                <path class="right ${right}"
                      d="M75 0 V12 Q75 20 72 20 H57 Q54 20 54 28 V${tail(right)}" />
            </svg>
            <span class="left ${left}"></span><span class="right ${right}"></span>
        </div>`;
}

/** The bytes of a frame in a cycle, and who stored them. */
export function frameView(shown: Shown, index: number): Content {
    const { document, place } = shown;
    const frame = document.frames[index]!;
    const words = wordsAt(frame, place.cycle);
    return html`
        <section class="frame" aria-label="Frame ${frame.physical}">
            ${captionView(frame)}
            ${words.length === 0 ? html`<p class="none">None of its bytes is on record yet.</p>` : html`
            <div class="scroll" tabindex="0" role="group" aria-label="Bytes of the frame"><table>
                <thead><tr><th scope="col">physical</th><th scope="col">8 bytes</th>
                    <th scope="col">since</th><th scope="col">by</th></tr></thead>
                <tbody>${words.map(([word, [cycle, value, cpu, walker, function_]]) => html`
                    <tr class="${changedClass(shown, factName.word(word.address))}">
                        <th scope="row"><code>${word.address}</code></th>
                        <td><code>${value}</code></td>
                        <td>${cycleLink(document, cycle, cpu)}</td>
                        <td>${makerText(document, cpu, walker, function_)}</td>
                    </tr>`)}
                </tbody>
            </table></div>`}
            ${frame.more === 0 ? nothing : html`<p>${countText(frame.more, "word")} more are left
                out.</p>`}
        </section>`;
}

/** The words of a frame that differ between two cycles. */
export function frameChange(
    document: RunDocument, index: number, since: number, until: number,
): Content {
    const frame = document.frames[index]!;
    const rows = frame.words.flatMap(word => {
        const [before, after] = [wordAt(word, since), wordAt(word, until)];
        return after !== undefined && before?.[1] !== after[1] ? [{ word, before, after }] : [];
    });
    return html`
        <section class="frame" aria-label="Frame ${frame.physical}, before and after">
            ${captionView(frame)}
            ${rows.length === 0 ? html`<p>Its bytes are the same.</p>` : nothing}
            ${rows.map(({ word, before, after }) => html`
                <p class="bytes"><code class="address">${word.address}</code>
                    <code class="before">${before?.[1] ?? "not on record"}</code>
                    <span aria-label="becomes">\u2192</span>
                    <code class="after">${after[1]}</code>
                    <span class="writer">in ${cycleLink(document, after[0], after[2])}, by
                        ${makerText(document, after[2], after[3], after[4])}</span></p>`)}
        </section>`;
}

function captionView(frame: Frame): Content {
    return html`<p class="caption"><strong>frame <code>${frame.physical}</code></strong>
        <span>${sizeText(frame.size)}</span></p>`;
}
