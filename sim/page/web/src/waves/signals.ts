/** Signals of a waveform: their changes, unpacked, and their values in words. */

import type { Hex, Waves } from "../model/document";
import { lastAt } from "../model/timeline";

/** A signal with the cycles of its changes and the value from each on. */
export interface Signal {
    name:   string;
    width:  number;
    cycles: Uint32Array;
    values: (number | Hex)[];
    /** Texts of an enumeration; null if values are numbers. */
    texts:  string[] | null;
    /** The signal while which is high this one means something; null: always. */
    when:   Signal | null;
}

export interface Group {
    name:    string;
    signals: Signal[];
}

/** The groups of a waveform, in its order. */
export function groupsOf(waves: Waves): Group[] {
    const signals = waves.signals.map(({ name, width, text }, index): Signal => ({
        name, width, ...unpacked(waves.changes[index]!), when: null,
        texts: text ? waves.texts[index]! : null,
    }));
    const groups = new Map<string, Signal[]>();
    waves.signals.forEach(({ group, when }, index) => {
        const signal = signals[index]!;
        signal.when = when === null ? null : signals[when]!;
        groups.set(group, [...groups.get(group) ?? [], signal]);
    });
    return [...groups].map(([name, signals]) => ({ name, signals }));
}

/** True if a signal means something in a cycle. */
export function means({ when }: Signal, cycle: number): boolean {
    return when === null || when.values[changeAt(when, cycle)] === 1;
}

/** Pairs of a cycle since the change before and a value, as two lists. */
function unpacked(changes: (number | Hex)[]): Pick<Signal, "cycles" | "values"> {
    const cycles = new Uint32Array(changes.length / 2);
    const values = new Array<number | Hex>(cycles.length);
    let cycle = 0;
    for (let index = 0; index < cycles.length; index += 1) {
        cycle += changes[2 * index] as number;
        cycles[index] = cycle;
        values[index] = changes[2 * index + 1]!;
    }
    return { cycles, values };
}

/** Index of the change whose value holds in a cycle; -1 before the first. */
export function changeAt(signal: Signal, cycle: number): number {
    return lastAt(signal.cycles.length, index => signal.cycles[index]!, cycle);
}

/** The value of a change in words. */
export function valueText(signal: Signal, index: number): string {
    const value = signal.values[index];
    if (value === undefined) return "";
    if (signal.texts !== null) return signal.texts[value as number] ?? "";
    if (typeof value === "string") return value;
    return signal.width === 1 ? String(value) : `0x${value.toString(16)}`;
}
