/** What a visitor has chosen, as the fragment of a link, and back. */

import type { Choices, Wanted } from "./messages";

/** The parts of the lab, in the order of their tabs. */
export const TABS = ["tour", "scenario", "vectors", "script", "walk"] as const;

export type Tab = (typeof TABS)[number];

/** What a link brings: a scenario and its machine, a text of another kind, or an act of the tour. */
export type Brought =
    | { tab: "tour"; act: number | null }
    | { tab: "scenario"; wanted: Wanted }
    | { tab: "vectors" | "script"; text: string };

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

/** The fragment of a choice, without its number sign. */
export function linkOf(wanted: Wanted): string {
    const found = new URLSearchParams();
    for (const name of NAMES) {
        const value = wanted[name];
        if (value !== null) found.set(name, value);
    }
    if (wanted.switches.length) found.set("set", wanted.switches.join(" "));
    return found.toString();
}

/** The fragment of a text that is no scenario. */
export function textLink(tab: "vectors" | "script", text: string): string {
    return new URLSearchParams({ [tab]: text }).toString();
}

/** What a fragment brings; null if it is none of the lab's, as the place in a run is. */
export function broughtOf(fragment: string, choices: Choices): Brought | null {
    const found = new URLSearchParams(fragment.replace(/^#/, ""));
    for (const tab of ["vectors", "script"] as const) {
        const text = found.get(tab);
        if (text !== null) return { tab, text };
    }
    const act = found.get("tour");
    if (act !== null) {
        const number = Number(act);
        return { tab: "tour", act: choices.tour.stations.some(each => each.act === number) ? number
                                                                                          : null };
    }
    const scenario = found.get("scenario");
    if (scenario === null || !scenarioOf(choices, scenario) && !found.has("text")) return null;
    return { tab: "scenario", wanted: {
        ...plain({ name: scenario, text: null }),
        ...Object.fromEntries(NAMES.map(name => [name, found.get(name)])) as Partial<Wanted>,
        scenario,
        switches: wordsOf(found.get("set") ?? ""),
    } };
}

/** The words of a text. */
export function wordsOf(text: string): string[] {
    return text.split(/\s+/).filter(Boolean);
}
