/** The indent of lines that are typed. */

/** What a new line after a place begins with: the indent of its line, and more after a colon. */
export function indentAt(text: string, place: number): string {
    const line = text.slice(text.lastIndexOf("\n", place - 1) + 1, place);
    return /^[ ]*/.exec(line)![0] + (/:\s*$/.test(line) ? "    " : "");
}
