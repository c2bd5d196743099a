/** What is shown of a place, as named texts; so what changed is what has another text. */

import type { RunDocument, TlbEntry } from "./document";
import { endAt, framesOf, pairAt, registersAt, stackAt, tlbAt, walkAt, wordsAt } from "./moment";
import type { Place } from "./place";
import { addressText, endingText, ofProcessor, sizeText } from "./text";

export type Facts = Map<string, string>;

/** Names of facts: the same for who tells them and for who draws them. */
export const factName = {
    register: (document: RunDocument, cpu: number, name: string) =>
        name.toUpperCase() + ofProcessor(document, cpu),
    stack:    (document: RunDocument, cpu: number) =>
        `Innermost kernel function${ofProcessor(document, cpu)}`,
    tlb:      (document: RunDocument, cpu: number, entry: TlbEntry) =>
        `${entry.linear} in ${entry.level === 1 ? "the TLB" : "its second level"}${
            ofProcessor(document, cpu)}`,
    entry:    (address: string, level: string) => `${level} of ${address}`,
    cached:   (address: string) => `Path of ${address} by the TLB`,
    verdict:  (address: string, attempt: string) => `${/^[aeio]/.test(attempt) ? "An" : "A"} ${attempt} of ${address}`,
    word:     (address: string) => `Bytes at ${address}`,
};

/** Everything that is shown of a place. */
export function factsAt(document: RunDocument, place: Place): Facts {
    const facts: Facts = new Map();
    const { cycle } = place;
    for (let cpu = 0; cpu < document.cpus; cpu += 1) {
        for (const [name, value] of Object.entries(registersAt(document, cpu, cycle))) {
            facts.set(factName.register(document, cpu, name), String(value));
        }
        facts.set(factName.stack(document, cpu), stackAt(document, cpu, cycle).at(-1) ?? "none: user code");
        for (const { entry, stale } of tlbAt(document, cpu, cycle) ?? []) {
            facts.set(factName.tlb(document, cpu, entry), tlbText(entry) + (stale ? ", stale" : ""));
        }
    }
    const pair = pairAt(document, place);
    for (const subject of [pair.left, pair.right]) {
        if (subject !== null) walkFacts(document, subject, cycle, facts);
    }
    const [left, right] = [endAt(document, pair.left, cycle), endAt(document, pair.right, cycle)];
    for (const frame of framesOf(left, right, pair.frame)) {
        for (const [word, value] of wordsAt(document.frames[frame]!, cycle)) {
            facts.set(factName.word(word.address), value[1]);
        }
    }
    return facts;
}

function walkFacts(document: RunDocument, subject: number, cycle: number, facts: Facts): void {
    const walk = walkAt(document, subject, cycle);
    if (walk === undefined) return;
    const address = addressText(document, document.subjects[subject]!);
    for (const entry of walk.entries) facts.set(factName.entry(address, entry.level), entry.entry);
    if (walk.tlb !== null) {
        facts.set(factName.cached(address),
                  `${walk.tlb.physical} ${walk.tlb.rights}${walk.tlb.stale ? ", stale" : ""}`);
    }
    for (const [attempt, verdict] of Object.entries(walk.verdicts)) {
        facts.set(factName.verdict(address, attempt), endingText(verdict));
    }
}

/** A translation in the TLB in words. */
export function tlbText(entry: TlbEntry): string {
    return [`${entry.physical}`, sizeText(entry.size), entry.rights,
            entry.dirty && "dirty", entry.global && "global",
            entry.large && "piece"].filter(Boolean).join(", ");
}

export interface Change {
    name:   string;
    before: string | undefined;
    after:  string | undefined;
}

/** Facts that differ, by name. */
export function changesOf(before: Facts, after: Facts): Map<string, Change> {
    const names = new Set([...before.keys(), ...after.keys()]);
    return new Map([...names].filter(name => before.get(name) !== after.get(name)).map(name => [
        name, { name, before: before.get(name), after: after.get(name) }]));
}
