/**
 * Document of a run, schema 1: what Python recorded, and all that the page knows.
 *
 * Lists of tuples are sorted by their first member, a cycle. An item of them holds from its cycle
 * on, until the next one.
 */

export type Cycle = number;

/** Index into a list of the document. */
export type Index = number;

/** A number of any size as text, such as "0x7ffff7ffc000". */
export type Hex = string;

export interface RunDocument {
    schema:      1;
    run:         Run;
    cpus:        number;
    functions:   string[];
    kinds:       string[];
    faults:      string[];
    traces:      Trace[];
    tlb_entries: TlbEntry[];
    stores:      Store[];
    interrupts:  [Cycle, number, string][];
    subjects:    Subject[];
    walks:       Walk[];
    frames:      Frame[];
    claims:      ClaimView[];
    acts:        ActView[];
    hero:        Hero | null;
    stops:       Stop[];
    waves:       Waves | null;
}

/** The run as `dragoncage run --json` has it. */
interface Run {
    scenario: string;
    title:    string;
    mode:     string;
    engine:   string;
    era:      string;
    preset:   string | null;
    cycles:   Cycle;
    holds:    boolean;
    acts:     Act[];
    failure:  Failure | null;
    mistake:  Mistake | null;
}

export interface Act {
    title:    string;
    since:    Cycle;
    until:    Cycle;
    left_out: string | null;
    steps:    { text: string; cycle: Cycle }[];
    claims:   Claim[];
}

export interface Claim {
    text:     string;
    holds:    boolean;
    cycle:    Cycle | null;
    detail:   string;
    expected: string | null;
}

interface Failure {
    reason: string;
    cycle:  Cycle;
    stack:  string[];
    call:   string | null;
}

interface Mistake {
    file:   string;
    line:   number;
    text:   string;
    reason: string;
}

/** What was seen on the ports of one processor's unit. */
interface Trace {
    marks:    [Cycle, Index[]][];
    states:   [Cycle, Registers][];
    accesses: Access[];
    controls: [accepted: Cycle, completed: Cycle, text: string][];
    tlb:      TlbChange[] | null;
}

export type Registers = Record<string, Hex | number>;

export type Access = [
    accepted: Cycle, completed: Cycle, kind: Index, user: 0 | 1, implicit: 0 | 1, bytes: number,
    linear: Hex, physical: Hex | null, data: Hex | null, fault: Index, errorCode: number,
];

/** A change of the TLB in a cycle; what it holds is different from the next cycle on. */
type TlbChange = [cycle: Cycle, what: string, came: Index | null, gone: Index[]];

export interface TlbEntry {
    linear:   Hex;
    physical: Hex;
    size:     number;
    rights:   string;
    dirty:    boolean;
    global:   boolean;
    large:    boolean;
    level:    1 | 2;
    filled:   Cycle;
    stale:    [since: Cycle, until: Cycle][];
}

/** A store to an entry of a paging structure. */
export type Store = [
    cycle: Cycle, cpu: number, walker: 0 | 1, function_: Index,
    address: Hex, before: Hex, after: Hex, entry: string,
];

/** A linear address that the story is about, in the address space of a CR3. */
export interface Subject {
    linear: Hex;
    cpu:    number;
    cr3:    Hex;
    side:   "user" | "kernel";
    walks:  [Cycle, Index][];
    /** The command that shows a walk of it, but for the cycle; null if the run cannot be repeated. */
    command?: string | null;
}

/** The page walk of a subject, as `dragoncage walk --json` has it. */
export interface Walk {
    mode:      string;
    cr3:       Hex;
    /** False if the processor has another CR3 in that cycle. */
    loaded:    boolean;
    registers: Record<string, number>;
    canonical: boolean;
    entries:   Entry[];
    page:      { physical: Hex; size: number; rights: string } | null;
    /** False if what the TLB holds is not on record. */
    tlb_reported: boolean;
    tlb:       CachedTranslation | null;
    verdicts:  Record<string, Verdict>;
}

export interface Entry {
    level:     string;
    address:   Hex;
    entry:     Hex;
    refers_to: Hex | null;
    bits:      string[];
    rights:    string | null;
    store:     { cycle: Cycle; cpu: number; walker: boolean; functions: string[] } | null;
}

interface CachedTranslation {
    linear:   Hex;
    physical: Hex;
    size:     number;
    rights:   string;
    dirty:    boolean;
    global:   boolean;
    level:    1 | 2;
    filled:   Cycle;
    stale:    boolean;
    verdicts: Record<string, Verdict>;
}

/** End of an access, and the rule and the bits that decided it. */
export interface Verdict {
    done:        boolean;
    error_code:  number;
    reason?:     string;
    rule?:       number;
    section?:    string;
    decided_by?: Decider[];
    /** The other reasons for which it is refused. */
    also:        Reason[];
}

/** A reason for which an access is refused, and the bits that decide it. */
export interface Reason {
    reason:     string;
    rule:       number;
    section:    string;
    decided_by: Decider[];
}

/** A bit that decides: of an entry or of the TLB, or of a control register if the level is null. */
export interface Decider {
    level: string | null;
    bit:   string;
}

/** A frame, with the words of it that the story stores to or loads. */
export interface Frame {
    physical: Hex;
    size:     number;
    /** Words that are left out. */
    more:     number;
    words:    Word[];
}

export interface Word {
    address: Hex;
    values:  [cycle: Cycle, value: Hex, cpu: number, walker: 0 | 1, function_: Index][];
}

/** What belongs to a claim: the access that shows it, and the two addresses beside each other. */
export interface ClaimView extends Pair {
    act:     Index;
    claim:   Index;
    cycle:   Cycle | null;
    cpu:     number;
    access:  Index | null;
    attempt: string | null;
    /** The path that the claim's own access took. */
    side:    Side | null;
    /** The cycle in which what is claimed can be seen. */
    shown:    Cycle | null;
    /** The address of its stretch in Perfetto. */
    perfetto: string | null;
}

export type Side = "left" | "right";

/** Two subjects, and the frame that it is about: one of their paths led there, or both. */
export interface Pair {
    left:   Index | null;
    right:  Index | null;
    frame:  Index | null;
    /** The paths that no access of the act took. */
    unused: Side[];
}

interface ActView extends Pair {
    functions: FunctionCall[];
}

export type FunctionCall = [depth: number, function_: Index, since: Cycle, until: Cycle,
                            cpu: number, notable: string[]];

/** The two paths of the whole run, and the claims that show the refusal and the store, if any do. */
export interface Hero extends Pair {
    refused: Index | null;
    done:    Index | null;
}

/** A cycle in which something happens; the index is into the list of its kind. */
export type Stop = [cycle: Cycle, kind: string, cpu: number, index: Index];

export interface Waves {
    signals: {
        group: string;
        name:  string;
        width: number;
        text:  0 | 1;
        /** The signal while which is high this one means something; null: always. */
        when:  Index | null;
    }[];
    texts:   string[][];
    changes: (number | Hex)[][];
}
