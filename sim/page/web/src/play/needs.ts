/** What Python needs of a browser. */

const NEEDED = ["WebAssembly", "Worker", "DecompressionStream"] as const;

/** Why Python cannot be loaded in a browser that has no more than this; null if it can. */
export function lackOf(scope: object): string | null {
    const lacking = NEEDED.filter(name => !(name in scope));
    return lacking.length === 0 ? null
        : `This browser has no ${lacking.join(", and no ")}, without which Python does not run in a ` +
          "page. The current Chrome, Edge, Firefox and Safari have it, unless it was switched off.";
}
