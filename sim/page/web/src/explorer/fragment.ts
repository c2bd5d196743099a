/** A state of the explorer as text for the address of the page: `777d.17.user-write`. */

import { ATTEMPTS, BITS, CONTROLS, LEVELS, RIGHTS, type Rights, type State } from "./state";

/** Digit of a level: its bits, the first one lowest. */
const DIGIT = 32;

/** Levels, a digit each; control bits; the kind of access; and the rights in the TLB, if it is asked. */
export function textOf({ levels, controls, attempt, cached }: State): string {
    return [
        levels.map(({ bits }) => packed(BITS, bits)).join(""), packed(CONTROLS, controls),
        attempt.replace(" ", "-"), ...(cached === null ? [] : [packed(RIGHTS, cached)]),
    ].join(".");
}

/** The state of a text; null if it names none. */
export function stateOfText(text: string | null): State | null {
    const parts = /^([0-9a-v]{1,4})\.([0-9a-v])\.(\w+-\w+)(?:\.([0-7]))?$/.exec(text ?? "");
    const attempt = parts?.[3]!.replace("-", " ");
    if (!parts || !ATTEMPTS.includes(attempt!)) return null;
    return {
        levels:   [...parts[1]!].map((digit, level) => ({
            name: LEVELS[level]!, bits: unpacked(BITS, digit) })),
        controls: unpacked(CONTROLS, parts[2]!),
        attempt:  attempt!,
        cached:   parts[4] === undefined ? null : unpacked(RIGHTS, parts[4]) as Rights,
    };
}

function packed(names: readonly string[], flags: Record<string, boolean>): string {
    return names.reduce((sum, name, bit) => sum + (flags[name] ? 2 ** bit : 0), 0).toString(DIGIT);
}

function unpacked<Name extends string>(names: readonly Name[], digit: string): Record<Name, boolean> {
    const value = parseInt(digit, DIGIT);
    return Object.fromEntries(names.map((name, bit) => [name, Boolean(value >> bit & 1)])) as
        Record<Name, boolean>;
}
