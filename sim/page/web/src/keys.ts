/** Keys of the page: one table for what they do and for the help. */

/** What a key can do. */
export type Command =
    | "cycle+" | "cycle-" | "event+" | "event-" | "claim+" | "claim-" | "fault+" | "fault-"
    | "table+" | "table-" | "tlb+" | "tlb-" | "act+" | "act-" | "first" | "last" | "cpu" | "in" | "out" | "earlier"
    | "later" | "whole" | "theme" | "help";

/** Keys, the words for them, and what they do. A letter in capitals is with Shift. */
export const KEYS: readonly [keys: string[], words: string, commands: Command[]][] = [
    [["ArrowLeft", "ArrowRight"], "one cycle back, one on", ["cycle-", "cycle+"]],
    [["j", "k"], "event before, next event", ["event-", "event+"]],
    [["C", "c"], "claim before, next claim", ["claim-", "claim+"]],
    [["F", "f"], "fault before, next fault", ["fault-", "fault+"]],
    [["S", "s"], "page-table store before, next one", ["table-", "table+"]],
    [["L", "l"], "TLB change before, next one", ["tlb-", "tlb+"]],
    [["A", "a"], "act before, next act", ["act-", "act+"]],
    [["Home", "End"], "first cycle, last cycle", ["first", "last"]],
    [["p"], "next processor", ["cpu"]],
    [["-", "+"], "waveform: show more cycles, fewer", ["out", "in"]],
    [["[", "]"], "waveform: earlier, later", ["earlier", "later"]],
    [["0"], "waveform: the whole run", ["whole"]],
    [["t"], "light, dark, or as the system has it", ["theme"]],
    [["?"], "these keys", ["help"]],
];

const COMMANDS = new Map(KEYS.flatMap(([keys, , commands]) =>
    keys.map((key, index) => [key, commands[index]!] as const)));

/** The command of a key, unless the element that has the focus needs the key itself. */
export function commandOf(event: KeyboardEvent): Command | null {
    if (event.ctrlKey || event.altKey || event.metaKey) return null;
    const command = COMMANDS.get(event.key) ?? null;
    const target  = event.target instanceof Element ? event.target : null;
    if (target?.closest("select, textarea, input[type=text], input[type=number], dialog")) return null;
    // Arrows and the like choose a radio button, and scroll what can be scrolled.
    const moves = event.key.length > 1;
    if (moves && target?.closest("input[type=radio], .scroll, .wave-scroll, .acts-scroll")) return null;
    return command;
}

/** Words for a key. */
export function keyText(key: string): string {
    const names: Record<string, string> = { ArrowLeft: "\u2190", ArrowRight: "\u2192" };
    return names[key] ?? (/^[A-Z]$/.test(key) ? `Shift ${key.toLowerCase()}` : key);
}
