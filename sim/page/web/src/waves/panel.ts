/** The waveform: names and values as a table, and beside it the drawing, to be zoomed and moved. */

import { type ScaleLinear, scaleLinear } from "d3-scale";
import { select } from "d3-selection";
import { zoom, type ZoomBehavior, zoomIdentity, type ZoomTransform } from "d3-zoom";
import { html, nothing, render } from "lit-html";

import type { RunDocument } from "../model/document";
import type { Place } from "../model/place";
import { countText, numberText } from "../model/text";
import { type Colours, draw, type Row } from "./draw";
import { changeAt, type Group, groupsOf, means, type Signal, valueText } from "./signals";

/** Pixels a cycle at most, and cycles in view at first. */
const CLOSEST = 120;
const AT_FIRST = 60;

/** Groups that are open at first; of those of a processor, the last part of the name. */
const OPEN_AT_FIRST = new Set(["software", "access", "verdict", "events"]);

/** A waveform in an element of the page. It is told of each place, and says which cycle is chosen. */
export class WavesPanel {
    #groups: Group[] = [];
    #open = new Set<string>();
    #end = 1;
    #cursor = 0;
    #canvas: HTMLCanvasElement | null = null;
    #scroller: HTMLElement | null = null;
    readonly #zoom: ZoomBehavior<HTMLCanvasElement, unknown>;
    #transform: ZoomTransform = zoomIdentity;
    /** Width for which the transform is, in pixels: that of the drawing when it was last resized. */
    #width = 1;
    #frame = 0;

    constructor(private readonly place: HTMLElement, private readonly choose: (cycle: number) => void) {
        this.#zoom = zoom<HTMLCanvasElement, unknown>()
            .filter((event: MouseEvent) => event.type === "wheel"
                ? event.ctrlKey || event.metaKey : !event.button)
            .on("zoom", event => {
                this.#transform = event.transform;
                this.#draw();
            });
        new ResizeObserver(() => this.#resized()).observe(place);
        for (const query of ["(prefers-color-scheme: dark)", "(prefers-reduced-motion)"]) {
            matchMedia(query).addEventListener("change", () => this.#draw());
        }
    }

    /** Show another document, or the same one, longer. */
    show({ waves, run }: RunDocument): void {
        const first = this.#groups.length === 0;
        this.#groups = waves === null ? [] : groupsOf(waves);
        this.#end = Math.max(1, run.cycles);
        if (first) {
            this.#open = new Set(this.#groups.map(({ name }) => name)
                .filter(name => OPEN_AT_FIRST.has(name.split(".").at(-1)!)));
        }
        this.#render();
        if (first) this.#look(0, AT_FIRST);
    }

    /** Move the cursor; the view follows if it would be out of sight. */
    move(place: Place): void {
        const far = Math.abs(place.cycle - this.#cursor) > this.#span() / 2;
        this.#cursor = place.cycle;
        this.#render();
        const [begin, end] = this.#scale().domain() as [number, number];
        const margin = (end - begin) * 0.08;
        if (far || place.cycle < begin + margin || place.cycle + 1 > end - margin) {
            this.#look(place.cycle + 0.5 - this.#span() / 2, this.#span());
        }
        this.#draw();
    }

    /** Zoom about the cursor, by a factor above or below 1. */
    zoomBy(factor: number): void {
        const span  = this.#span() / factor;
        const [begin] = this.#scale().domain() as [number, number];
        const share = (this.#cursor + 0.5 - begin) / this.#span();
        const inside = share >= 0 && share <= 1 ? share : 0.5;
        this.#look(this.#cursor + 0.5 - span * inside, span);
    }

    /** Move the view by a share of what is in it. */
    panBy(share: number): void {
        const [begin] = this.#scale().domain() as [number, number];
        this.#look(begin + share * this.#span(), this.#span());
    }

    /** Show the whole run. */
    fit(): void {
        this.#look(0, this.#end);
    }

    /** Draw again, in the colours of the page. */
    repaint(): void {
        this.#draw();
    }

    #scale(): ScaleLinear<number, number> {
        return this.#transform.rescaleX(
            scaleLinear().domain([0, this.#end]).range([0, this.#width]));
    }

    #span(): number {
        const [begin, end] = this.#scale().domain() as [number, number];
        return end - begin;
    }

    /** Bring an interval of cycles into view. */
    #look(begin: number, span: number): void {
        if (this.#canvas === null) return;
        const width = this.#width;
        const factor = Math.max(1, Math.min(this.#end / Math.max(span, 1), this.#end * CLOSEST / width));
        const shift = -begin * factor * width / this.#end;
        const inside = Math.min(0, Math.max(shift, width * (1 - factor)));
        select(this.#canvas).call(this.#zoom.transform,
                                  zoomIdentity.translate(inside, 0).scale(factor));
    }

    /** Show the same cycles in another width. */
    #resized(): void {
        if (this.#canvas === null) return;
        const [begin, end] = this.#scale().domain() as [number, number];
        const width = this.#width = Math.max(1, this.#canvas.clientWidth);
        this.#zoom.scaleExtent([1, Math.max(1, this.#end * CLOSEST / width)])
            .extent([[0, 0], [width, 1]]).translateExtent([[0, 0], [width, 1]]);
        this.#look(begin, end - begin);
        this.#draw();
    }

    #rows(): Row[] {
        return this.#groups.flatMap(({ name, signals }) =>
            [null, ...(this.#open.has(name) ? signals : [])]);
    }

    #render(): void {
        if (this.#groups.length === 0) {
            render(html`<p class="none">There is no waveform in this page.</p>`, this.place);
            return;
        }
        render(html`
            <div class="wave-tools" role="group" aria-label="Waveform">
                <button type="button" @click=${() => this.zoomBy(2)} title="zoom in (+)">Zoom in</button>
                <button type="button" @click=${() => this.zoomBy(0.5)} title="zoom out (-)">Zoom out</button>
                <button type="button" @click=${() => this.panBy(-0.4)} title="earlier ([)">Earlier</button>
                <button type="button" @click=${() => this.panBy(0.4)} title="later (])">Later</button>
                <button type="button" @click=${() => this.fit()} title="whole run (0)">Whole run</button>
                <span>Drag to move, Ctrl and wheel to zoom, click to set the cursor</span>
            </div>
            <div class="wave-scroll" tabindex="0" role="group" aria-label="Signals, by group"
                 @scroll=${() => this.#draw()}>
                <div class="wave-grid">
                    <table class="wave-names">
                        <caption class="hidden">Values of signals in cycle ${numberText(this.#cursor)}</caption>
                        <thead><tr><th scope="col">signal</th>
                            <th scope="col">in ${numberText(this.#cursor)}</th></tr></thead>
                        ${this.#groups.map(group => this.#groupView(group))}
                    </table>
                    <canvas role="img" aria-label="Waveform around cycle ${numberText(this.#cursor)};
                        the table beside it has the values"></canvas>
                </div>
            </div>`, this.place);
        this.#attach();
    }

    #groupView({ name, signals }: Group): unknown {
        const open = this.#open.has(name);
        return html`
            <tbody>
                <tr class="group"><th scope="rowgroup" colspan="2">
                    <button type="button" aria-expanded=${open} @click=${() => this.#toggle(name)}>
                        ${name}<span class="hidden">, ${countText(signals.length, "signal")}</span></button>
                </th></tr>
                ${open ? signals.map(signal => this.#signalView(signal)) : nothing}
            </tbody>`;
    }

    #signalView(signal: Signal): unknown {
        const text = valueText(signal, changeAt(signal, this.#cursor));
        const idle = !means(signal, this.#cursor);
        return html`<tr class=${idle ? "idle" : ""}><th scope="row" title=${signal.name}>${signal.name}</th>
            <td title=${text}><code>${text}</code>${idle ? html`<span class="hidden">, means nothing
                now</span>` : nothing}</td></tr>`;
    }

    #toggle(name: string): void {
        if (!this.#open.delete(name)) this.#open.add(name);
        this.#render();
        this.#draw();
    }

    #attach(): void {
        const canvas = this.place.querySelector("canvas");
        this.#scroller = this.place.querySelector(".wave-scroll");
        if (canvas === null || canvas === this.#canvas) return;
        this.#canvas = canvas;
        select(canvas).call(this.#zoom).on("dblclick.zoom", null)
            .on("click", (event: MouseEvent) => {
                const cycle = Math.floor(this.#scale().invert(event.offsetX));
                this.choose(Math.min(Math.max(cycle, 0), this.#end));
            });
        this.#resized();
    }

    #draw(): void {
        cancelAnimationFrame(this.#frame);
        this.#frame = requestAnimationFrame(() => this.#paint());
    }

    #paint(): void {
        const canvas = this.#canvas;
        const context = canvas?.getContext("2d");
        if (!canvas || !context || this.#scroller === null) return;
        const [width, height] = [canvas.clientWidth, canvas.clientHeight];
        const ratio = devicePixelRatio;
        if (canvas.width !== width * ratio || canvas.height !== height * ratio) {
            canvas.width = width * ratio;
            canvas.height = height * ratio;
        }
        context.setTransform(ratio, 0, 0, ratio, 0, 0);
        draw({ context, scale: this.#scale(), width, height, top: this.#scroller.scrollTop,
               colours: coloursOf(canvas) }, this.#rows(), this.#cursor, this.#end);
    }
}

function coloursOf(element: Element): Colours {
    const style = getComputedStyle(element);
    const of = (name: string): string => style.getPropertyValue(`--${name}`).trim();
    return { ink: of("ink"), muted: of("muted"), line: of("line"), wave: of("wave"),
             fill: of("wave-fill"), text: of("ink"), cursor: of("cursor"), ground: of("surface") };
}
