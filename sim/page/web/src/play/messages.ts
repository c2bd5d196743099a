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

/** Files that a run can be written to. */
export type Export = "waves" | "perfetto" | "json";

/** What Python is asked to do; see sim/lab/requests.py. */
export type Request =
    | { do: "play" } & Wanted
    | { do: "save"; export: Export } & Wanted
    | { do: "walk"; line: string; scenario: string; text: string | null }
    | { do: "access"; text: string }
    | { do: "script"; text: string };

/** To the worker: the parts, once; and then what to do, any number of times. */
export type Order = { parts: Parts } | { request: Request };

/** From the worker; see sim/lab/requests.py and sim/lab/player.py for those that come from Python. */
export type Message =
    | { kind: "loading"; what: string }
    | { kind: "ready" }
    | { kind: "broken"; reason: string }
    /** The request is done; the next one needs a new Python, or can follow `again` in this one. */
    | { kind: "over"; again: boolean }
    | { kind: "begun"; engine: string; remark: string | null }
    | { kind: "act"; title: string }
    | { kind: "acted"; act: Act }
    | { kind: "cycle"; cycle: number }
    | { kind: "drawing" }
    | { kind: "ended"; document: RunDocument }
    | { kind: "mistake"; file: string; line: number | null; text: string; reason: string }
    | { kind: "refused"; reason: string }
    /** What comes of text: lines of a terminal, and of which kernel or unit they are. */
    | { kind: "said"; by: string; text: string; good: boolean | null }
    | { kind: "file"; name: string; type: string; content: string }
    /** The visitor has stopped the request; the page tells itself. */
    | { kind: "stopped" };

/** Choices of a visitor; see sim/lab/choices.py. */
export interface Choices {
    scenarios: { name: string; title: string; modes: string[]; text: string | null }[];
    presets:   { name: string; modes: string[] }[];
    eras:      { name: string; version: string; policies: boolean }[];
    era:       string;
    policies:  string[];
    switches:  { name: string; meaning: string; default: string }[];
    tour:      Tour;
    /** What can be written in each tab that has an editor; see sim/lab/reference.py. */
    reference: Record<"scenario" | "vectors" | "script", Row[]>;
    /** Texts to begin with, by the names under which they are offered. */
    vectors:   Record<string, string>;
    scripts:   Record<string, string>;
}

/** Something that can be written, and what it is for. */
export type Row = [name: string, meaning: string];

/** The guided tour; see sim/lab/tour.py and sim/lab/stations.py. */
export interface Tour {
    scenario: string;
    stations: Station[];
}

export interface Station {
    act:      number;
    claim:    number;
    choice:   Partial<Wanted>;
    fails:    number[];
    question: string;
    before:   string;
    answer:   string;
    offer:    string;
    expect:   string;
    because:  string;
}
