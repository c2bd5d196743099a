/** A small document of a run, for tests: two acts, three claims, two processors, two subjects. */

import type { ClaimView, RunDocument, Subject } from "../src/model/document";

function claim(act: number, place: number, shown: number | null): ClaimView {
    return { act, claim: place, cycle: shown, shown, cpu: 1, access: null, attempt: null, side: null,
             perfetto: null, left: null, right: null, frame: null, unused: [] };
}

export function subject(linear: string, cpu: number, cr3 = "0x6000"): Subject {
    return { linear, cpu, cr3, side: "user", walks: [] };
}

function act(since: number, until: number): RunDocument["run"]["acts"][number] {
    return { title: "An act", since, until, left_out: null, steps: [], claims: [] };
}

/** It ends with cycle 100; claim 2.1 has no cycle, and claims 1.1 and 1.2 are of the same one. */
export function aDocument(changes: Partial<RunDocument> = {}): RunDocument {
    return {
        schema: 1,
        run: { scenario: "test", title: "A test", mode: "4level", engine: "pysim", era: "5.x",
               preset: null, cycles: 100, holds: true, failure: null, mistake: null,
               acts: [act(10, 50), act(50, 90)] },
        cpus: 2, functions: [""], kinds: [], faults: [], traces: [], tlb_entries: [], stores: [],
        interrupts: [], subjects: [subject("0x1000", 0), subject("0x1000", 1)], walks: [],
        frames: [], claims: [claim(0, 0, 20), claim(0, 1, 20), claim(1, 0, null)], acts: [],
        hero: null, waves: null,
        stops: [[10, "act", 0, 0], [12, "access", 1, 0], [20, "claim", 1, 0], [20, "claim", 1, 1],
                [20, "fault", 1, 0], [50, "act", 0, 1], [60, "access", 0, 3]],
        ...changes,
    };
}
