/** What page and worker tell each other, and what the player in Python tells both. */

import type { Act, RunDocument } from "../model/document";

/** Packed parts by their names. */
export type Parts = Record<string, ArrayBuffer>;

/** What is to be played: the options of `dragoncage run`. */
export interface Wanted {
    scenario:       string;
    text:           string | null;
    mode:           string | null;
    preset:         string | null;
    era:            string | null;
    force_override: string | null;
    switches:       string[];
}

/** To the worker: the parts, once; and then what to play, any number of times. */
export type Order = { parts: Parts } | { play: Wanted };

/** From the worker; see sim/lab/player.py for those that come from Python. */
export type Message =
    | { kind: "loading"; what: string }
    | { kind: "ready" }
    | { kind: "broken"; reason: string }
    /** The run is over; the next one needs a new Python, or can follow `again` in this one. */
    | { kind: "over"; again: boolean }
    | { kind: "begun"; engine: string; remark: string | null }
    | { kind: "act"; title: string }
    | { kind: "acted"; act: Act }
    | { kind: "cycle"; cycle: number }
    | { kind: "drawing" }
    | { kind: "ended"; document: RunDocument }
    | { kind: "mistake"; file: string; line: number; text: string; reason: string }
    | { kind: "refused"; reason: string };

/** Choices of a visitor; see sim/lab/choices.py. */
export interface Choices {
    scenarios: { name: string; title: string; modes: string[]; text: string | null }[];
    presets:   { name: string; modes: string[] }[];
    eras:      { name: string; version: string; policies: boolean }[];
    era:       string;
    policies:  string[];
    switches:  { name: string; meaning: string; default: string }[];
}
