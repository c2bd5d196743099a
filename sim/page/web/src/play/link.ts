/** What a visitor has chosen, as the fragment of a link, and back. */

import type { Choices, Wanted } from "./messages";

/** The parts of the lab, in the order of their tabs. */
export const TABS = ["tour", "scenario", "vectors", "script", "walk"] as const;

export type Tab = (typeof TABS)[number];

/** Tabs of which a link brings a text, and no more. */
const TEXTS = ["vectors", "script", "walk"] as const;

type TextTab = (typeof TEXTS)[number];

/**
 * What a link brings: a scenario and its machine, a text of another kind, or an act of the tour; and
 * what else it names that there is not, which is left out.
 */
export type Brought = { unknown: string[] } & (
    | { tab: "tour"; act: number }
    | { tab: "scenario"; wanted: Wanted }
    | { tab: TextTab; text: string });

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
export function textLink(tab: TextTab, text: string): string {
    return new URLSearchParams({ [tab]: text }).toString();
}

/** The fragment that brings the same. */
export function linkTo(found: Brought): string {
    switch (found.tab) {
        case "tour":     return tourLink(found.act);
        case "scenario": return linkOf(found.wanted);
        default:         return textLink(found.tab, found.text);
    }
}

/** The fragment of an act of the tour. */
export function tourLink(act: number): string {
    return `tour=${act}`;
}

/** What a fragment brings; null if it is none of the lab's, as the place in a run is. */
export function broughtOf(fragment: string, choices: Choices): Brought | null {
    const found = new URLSearchParams(fragment.replace(/^#/, ""));
    for (const tab of TEXTS) {
        const text = found.get(tab);
        if (text !== null) return { tab, text, unknown: [] };
    }
    const act = found.get("tour");
    if (act !== null) return actOf(act, choices);
    return found.has("scenario") || found.has("text") ? choiceOf(found, choices) : null;
}

/** An act of the tour; 0 is its begin, and one more than there are is its end. */
function actOf(act: string, { tour }: Choices): Brought {
    const known = /^\d{0,2}$/.test(act) && Number(act) <= tour.stations.length + 1;
    return { tab: "tour", act: known ? Number(act) : 0, unknown: known ? [] : [`act ${quoted(act)}`] };
}

/** A scenario and its machine. What cannot be chosen would stay, and nobody could choose it away. */
function choiceOf(found: URLSearchParams, choices: Choices): Brought {
    const unknown: string[] = [];
    const one = (name: string, words: string, known: readonly string[]): string | null => {
        const value = found.get(name);
        if (value === null || known.includes(value)) return value;
        unknown.push(`${words} ${quoted(value)}`);
        return null;
    };
    const scenario = found.has("text") ? found.get("scenario") || "mine"
        : one("scenario", "scenario", choices.scenarios.map(({ name }) => name))
          ?? choices.scenarios[0]!.name;
    const text   = found.get("text") ?? scenarioOf(choices, scenario)!.text;
    const mode   = one("mode", "paging mode", modesOf(choices, scenario));
    const preset = one("preset", "unit", choices.presets.map(({ name }) => name));
    const era    = one("era", "rules of Linux", choices.eras.map(({ name }) => name));
    const force_override = one("force_override", "forced writes",
                               hasPolicies(choices, era) ? choices.policies : []);
    return { tab: "scenario", unknown,
             wanted: { scenario, text, mode, preset, era, force_override,
                       switches: wordsOf(found.get("set") ?? "") } };
}

/** The modes that a scenario can be played in; a text may be of any. */
export function modesOf(choices: Choices, scenario: string): string[] {
    return scenarioOf(choices, scenario)?.modes
        ?? [...new Set(choices.presets.flatMap(({ modes }) => modes))];
}

/** True if the rules of Linux that are chosen have policies of forced writes. */
export function hasPolicies({ eras, era }: Choices, chosen: string | null): boolean {
    return eras.find(({ name }) => name === (chosen ?? era))?.policies ?? false;
}

function quoted(value: string): string {
    return `\u201c${value.slice(0, 40)}\u201d`;
}

/** The words of a text. */
export function wordsOf(text: string): string[] {
    return text.split(/\s+/).filter(Boolean);
}
