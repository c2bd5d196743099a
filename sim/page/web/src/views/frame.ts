/** Frames of memory, in which two paths end. */

import { html, nothing } from "lit-html";

import type { Frame, Index, RunDocument, Side } from "../model/document";
import { factName } from "../model/facts";
import { framesOf, wordAt, wordsAt } from "../model/moment";
import { countText, makerText, sizeText } from "../model/text";
import { changedClass, type Content, cycleLink, type Shown } from "./shown";

/** The frames in which two paths end; `refused` if the access on the left was. */
interface Ends {
    left:     Index | null;
    right:    Index | null;
    refused?: boolean;
}

/**
 * The frames of two paths, each drawn by `draw`, and an arrow of each path into its own: one frame in
 * which both end, or two beside each other. If neither ends in one, the frame that they are about.
 */
export function endsView(
    { left, right, refused = false }: Ends, about: Index | null,
    draw: (frame: Index, side: Side | null) => Content,
): Content {
    const frames = framesOf(left, right, about);
    const apart  = frames.length > 1;
    if (frames.length === 0) return nothing;
    const leftEnd  = left === null ? "elsewhere" : refused ? "refused" : "arrives";
    const rightEnd = right === null ? "elsewhere" : "arrives";
    const tail     = refused ? 34 : 40;
    return html`
        <div class="arrows ${apart ? "apart" : ""}" aria-hidden="true">
            <svg viewBox="0 0 100 40" preserveAspectRatio="none">
                <path class="left ${leftEnd}"
                      d="${apart ? "M25 0" : "M25 0 V12 Q25 20 28 20 H43 Q46 20 46 28"} V${tail}" />
                <path class="right ${rightEnd}"
                      d="${apart ? "M75 0" : "M75 0 V12 Q75 20 72 20 H57 Q54 20 54 28"} V40" />
            </svg>
            <span class="left ${leftEnd}"></span><span class="right ${rightEnd}"></span>
        </div>
        ${apart ? [draw(left!, "left"), draw(right!, "right")] : draw(frames[0]!, null)}`;
}

/** The bytes of a frame in a cycle, and who stored them. */
export function frameView(shown: Shown, index: Index, side: Side | null): Content {
    const { document, place } = shown;
    const frame = document.frames[index]!;
    const words = wordsAt(frame, place.cycle);
    return html`
        <section class="frame ${side ?? ""}" aria-label="Frame ${frame.physical}">
            ${captionView(frame, side)}
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
    document: RunDocument, index: Index, side: Side | null, since: number, until: number,
): Content {
    const frame = document.frames[index]!;
    const rows = frame.words.flatMap(word => {
        const [before, after] = [wordAt(word, since), wordAt(word, until)];
        return after !== undefined && before?.[1] !== after[1] ? [{ word, before, after }] : [];
    });
    return html`
        <section class="frame ${side ?? ""}" aria-label="Frame ${frame.physical}, before and after">
            ${captionView(frame, side)}
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

function captionView(frame: Frame, side: Side | null): Content {
    return html`<p class="caption"><strong>frame <code>${frame.physical}</code></strong>
        <span>${sizeText(frame.size)}${side === null ? "" : `, of the path on the ${side}`}</span></p>`;
}
