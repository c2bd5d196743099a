/** Drawing of signals on a canvas: only what is in view, and never more than a piece a pixel. */

import type { ScaleLinear } from "d3-scale";

import { numberText } from "../model/text";
import { changeAt, type Signal, valueText } from "./signals";

/** Height of a row, and of the axis above them, in pixels. */
const ROW  = 24;
const AXIS = 26;

/** Colours, read from the style of the page. */
export interface Colours {
    ink: string; muted: string; line: string; wave: string; fill: string; text: string;
    cursor: string; ground: string;
}

/** A row of the drawing: a signal, or null for the head of a group. */
export type Row = Signal | null;

interface View {
    context: CanvasRenderingContext2D;
    scale:   ScaleLinear<number, number>;
    width:   number;
    height:  number;
    /** Pixels by which the rows are scrolled. */
    top:     number;
    colours: Colours;
}

/** Draw the axis, the rows that are in view, and the cursor's cycle. */
export function draw(view: View, rows: Row[], cursor: number, end: number): void {
    const { context, width, height, colours, top } = view;
    context.clearRect(0, 0, width, height);
    context.font = `12px ${MONOSPACE}`;
    context.textBaseline = "middle";
    cursorColumn(view, cursor, end);
    const first = Math.max(0, Math.floor(top / ROW));
    const last  = Math.min(rows.length, Math.ceil((top + height - AXIS) / ROW));
    context.save();
    context.beginPath();
    context.rect(0, AXIS, width, height - AXIS);
    context.clip();
    for (let index = first; index < last; index += 1) {
        const y = AXIS + index * ROW - top;
        const row = rows[index]!;
        if (row === null) {
            context.fillStyle = colours.line;
            context.fillRect(0, y + ROW - 1, width, 1);
        } else if (row.width === 1 && row.texts === null) {
            levels(view, row, y, end);
        } else {
            values(view, row, y, end);
        }
    }
    context.restore();
    axis(view, cursor);
}

const MONOSPACE = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";

/** One piece of a signal: from one change to the next, in pixels, and how many changes it hides. */
interface Piece {
    left:  number;
    right: number;
    index: number;
    dense: boolean;
}

/** The pieces of a signal that are in view; changes within one pixel are one dense piece. */
export function* pieces(
    signal: Signal, scale: (cycle: number) => number, invert: (x: number) => number,
    width: number, end: number,
): Generator<Piece> {
    let index = Math.max(0, changeAt(signal, Math.floor(invert(0))));
    while (index < signal.cycles.length) {
        const left = scale(signal.cycles[index]!);
        if (left > width) return;
        const next  = index + 1;
        const right = next < signal.cycles.length ? scale(signal.cycles[next]!) : scale(end);
        if (right - left >= 1 || next >= signal.cycles.length) {
            yield { left: Math.max(left, -2), right: Math.min(right, width + 2), index, dense: false };
            index = next;
        } else {
            const after = Math.max(next, changeAt(signal, Math.floor(invert(left + 1))));
            yield { left, right: left + 1, index, dense: true };
            index = after;
        }
    }
}

function piecesOf(view: View, signal: Signal, end: number): Generator<Piece> {
    return pieces(signal, view.scale, x => view.scale.invert(x), view.width, end);
}

/** A signal of one bit: high or low. */
function levels(view: View, signal: Signal, y: number, end: number): void {
    const { context, colours } = view;
    const [high, low] = [y + 5, y + ROW - 5];
    context.strokeStyle = colours.wave;
    context.fillStyle = colours.fill;
    context.lineWidth = 1.5;
    context.beginPath();
    let before: number | null = null;
    for (const { left, right, index, dense } of piecesOf(view, signal, end)) {
        if (dense) {
            context.moveTo(left, high);
            context.lineTo(left, low);
            before = null;
            continue;
        }
        const level = signal.values[index] === 0 ? low : high;
        if (before === null) context.moveTo(left, level);
        else if (before !== level) context.lineTo(left, level);
        context.lineTo(right, level);
        if (level === high) context.fillRect(left, high, right - left, low - high);
        before = level;
    }
    context.stroke();
}

/** A signal of several bits, or of texts: its values, each in a box. */
function values(view: View, signal: Signal, y: number, end: number): void {
    const { context, colours } = view;
    const [high, low] = [y + 4, y + ROW - 4];
    context.lineWidth = 1;
    for (const { left, right, index, dense } of piecesOf(view, signal, end)) {
        if (dense) {
            context.fillStyle = colours.muted;
            context.fillRect(left, high, 1, low - high);
            continue;
        }
        const text  = valueText(signal, index);
        const quiet = signal.when !== null || text === "0x0" || text === "-" || text === "";
        context.strokeStyle = quiet ? colours.line : colours.wave;
        context.fillStyle = colours.fill;
        const slope = Math.min(3, (right - left) / 2);
        context.beginPath();
        context.moveTo(left, (high + low) / 2);
        context.lineTo(left + slope, high);
        context.lineTo(right - slope, high);
        context.lineTo(right, (high + low) / 2);
        context.lineTo(right - slope, low);
        context.lineTo(left + slope, low);
        context.closePath();
        if (!quiet) context.fill();
        context.stroke();
        const begins = meant(view, signal, left, right, y, end);
        context.fillStyle = quiet && begins.length === 0 ? colours.muted : colours.text;
        const starts = begins.length === 0 ? [left] : begins;
        starts.forEach((start, each) => label(view, text, start, starts[each + 1] ?? right, y));
    }
}

/** A value within its box, from the edge of the view on if it began before. */
function label({ context, width }: View, text: string, from: number, to: number, y: number): void {
    const start = Math.max(from, 0) + 5;
    const room  = Math.min(to, width) - start - 3;
    if (room > 12) context.fillText(fitted(context, text, room), start, y + ROW / 2 + 0.5);
}

/** Mark the cycles of a value in which it means something; where each of them begins, in pixels. */
function meant(
    view: View, signal: Signal, from: number, to: number, y: number, end: number,
): number[] {
    const begins: number[] = [];
    if (signal.when === null) return begins;
    const { context, colours } = view;
    context.fillStyle = colours.fill;
    context.strokeStyle = colours.wave;
    for (const { left, right, index, dense } of piecesOf(view, signal.when, end)) {
        if (left >= to) break;
        const [begin, stop] = [Math.max(left, from), Math.min(right, to)];
        if (stop <= begin || !dense && signal.when.values[index] !== 1) continue;
        context.fillRect(begin, y + 4, stop - begin, ROW - 8);
        context.strokeRect(begin, y + 4, stop - begin, ROW - 8);
        begins.push(begin);
    }
    return begins;
}

/** A text cut to a width, with a sign that it is cut. */
function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
    const letter = context.measureText("0").width;
    const fits = Math.floor(width / letter);
    return text.length <= fits ? text : fits < 3 ? "" : `${text.slice(0, fits - 1)}\u2026`;
}

/** The column of the cursor's cycle, below everything. */
function cursorColumn({ context, scale, height, colours }: View, cursor: number, end: number): void {
    const left = scale(cursor);
    context.fillStyle = colours.cursor;
    context.globalAlpha = 0.22;
    if (cursor < end) context.fillRect(left, AXIS, Math.max(1, scale(cursor + 1) - left), height - AXIS);
    context.globalAlpha = 1;
    context.fillRect(left, AXIS - 6, 1.5, height - AXIS + 6);
}

function axis({ context, scale, width, colours }: View, cursor: number): void {
    context.fillStyle = colours.ground;
    context.fillRect(0, 0, width, AXIS);
    context.fillStyle = colours.line;
    context.fillRect(0, AXIS - 1, width, 1);
    const at = scale(cursor);
    const label = numberText(cursor);
    const half  = context.measureText(label).width / 2 + 5;
    context.textAlign = "center";
    for (const tick of scale.ticks(Math.max(2, width / 110)).filter(Number.isInteger)) {
        const x = scale(tick);
        context.fillStyle = colours.line;
        context.fillRect(x, AXIS - 6, 1, 5);
        if (Math.abs(x - at) < 2 * half) continue;
        context.fillStyle = colours.muted;
        context.fillText(numberText(tick), x, AXIS / 2 - 1);
    }
    if (at >= -half && at <= width + half) {
        const middle = Math.min(Math.max(at, half), width - half);
        context.fillStyle = colours.cursor;
        context.beginPath();
        context.roundRect(middle - half, 2, 2 * half, AXIS - 8, 4);
        context.fill();
        context.fillStyle = colours.ground;
        context.fillText(label, middle, AXIS / 2 - 1);
    }
    context.textAlign = "left";
}
