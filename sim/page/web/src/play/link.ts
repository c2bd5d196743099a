/** What a visitor has chosen, as the fragment of a link, and back. */

import type { Choices, Wanted } from "./messages";

/** A scenario as it is, on the machine that it has by default. */
export function plain({ name, text }: { name: string; text: string | null }): Wanted {
    return { scenario: name, text, mode: null, preset: null, era: null, force_override: null,
             switches: [] };
}

/** The scenario of a name; undefined if there is none. */
export function scenarioOf(choices: Choices, name: string): Choices["scenarios"][number] | undefined {
    return choices.scenarios.find(scenario => scenario.name === name);
}

const NAMES = ["scenario", "text", "mode", "preset", "era", "force_override"] as const;

/** The fragment, without its number sign. */
export function linkOf(wanted: Wanted): string {
    const found = new URLSearchParams();
    for (const name of NAMES) {
        const value = wanted[name];
        if (value !== null) found.set(name, value);
    }
    if (wanted.switches.length) found.set("set", wanted.switches.join(" "));
    return found.toString();
}

/** What a fragment chooses; null if it chooses nothing, as the place in a run does. */
export function wantedOf(fragment: string): Wanted | null {
    const found = new URLSearchParams(fragment.replace(/^#/, ""));
    const scenario = found.get("scenario");
    if (scenario === null) return null;
    return {
        ...plain({ name: scenario, text: null }),
        ...Object.fromEntries(NAMES.map(name => [name, found.get(name)])) as Partial<Wanted>,
        scenario,
        switches: wordsOf(found.get("set") ?? ""),
    };
}

/** The words of a text. */
export function wordsOf(text: string): string[] {
    return text.split(/\s+/).filter(Boolean);
}
