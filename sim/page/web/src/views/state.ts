/** State of the processors in a cycle: kernel functions, registers, TLB. */

import { html, nothing } from "lit-html";

import { factName, tlbText } from "../model/facts";
import { registersAt, stackAt, tlbAt } from "../model/moment";
import { sizeText } from "../model/text";
import { changedClass, type Content, cycleLink, type Shown } from "./shown";

/** State of one processor, or of all. */
export function stateView(shown: Shown, cpus: number[]): Content {
    return html`${cpus.map(cpu => html`
        <section class="state" aria-label="State${cpus.length > 1 ? ` of processor ${cpu}` : ""}">
            ${shown.document.cpus > 1 ? html`<h4>Processor ${cpu}</h4>` : nothing}
            ${stackView(shown, cpu)} ${registersView(shown, cpu)} ${tlbView(shown, cpu)}
        </section>`)}`;
}

function stackView(shown: Shown, cpu: number): Content {
    const stack = stackAt(shown.document, cpu, shown.place.cycle);
    return html`
        <div class="stack ${changedClass(shown, factName.stack(shown.document, cpu))}">
            <h5>Kernel functions</h5>
            ${stack.length === 0 ? html`<p>none: user code</p>` : html`
                <ol>${stack.map(name => html`<li><code>${name}</code></li>`)}</ol>`}
        </div>`;
}

function registersView(shown: Shown, cpu: number): Content {
    const registers = Object.entries(registersAt(shown.document, cpu, shown.place.cycle));
    return html`
        <div class="registers">
            <h5>Registers</h5>
            <dl>${registers.map(([name, value]) => html`
                <div class="${changedClass(shown, factName.register(shown.document, cpu, name))}">
                    <dt>${name.toUpperCase()}</dt><dd><code>${value}</code></dd></div>`)}
            </dl>
        </div>`;
}

function tlbView(shown: Shown, cpu: number): Content {
    const { document, place } = shown;
    const held   = tlbAt(document, cpu, place.cycle);
    const second = (held ?? []).filter(({ entry }) => entry.level === 2).length;
    if (held === null) {
        return html`<div class="tlb"><h5>TLB</h5><p>What it holds is not on record.</p></div>`;
    }
    return html`
        <div class="tlb">
            <h5>TLB <span>${held.length - second} held${
                second > 0 ? `, ${second} in the second level` : ""}</span></h5>
            ${held.length === 0 ? html`<p>empty</p>` : html`
            <div class="scroll" tabindex="0" role="group" aria-label="Contents of the TLB"><table>
                <thead><tr><th scope="col">linear</th><th scope="col">physical</th>
                    <th scope="col">size</th><th scope="col">rights</th><th scope="col"></th>
                    <th scope="col">level</th><th scope="col">filled</th></tr></thead>
                <tbody>${held.map(({ entry, stale }) => html`
                    <tr class="${stale ? "stale" : ""}
                               ${changedClass(shown, factName.tlb(document, cpu, entry))}"
                        title="${tlbText(entry)}">
                        <th scope="row"><code>${entry.linear}</code></th>
                        <td><code>${entry.physical}</code></td>
                        <td>${sizeText(entry.size)}</td>
                        <td>${entry.rights}</td>
                        <td>${[stale && "stale", entry.dirty && "dirty", entry.global && "global",
                              entry.large && "piece"].filter(Boolean).join(", ")}</td>
                        <td>${entry.level}</td>
                        <td>${cycleLink(document, entry.filled, cpu)}</td>
                    </tr>`)}
                </tbody>
            </table></div>`}
        </div>`;
}
