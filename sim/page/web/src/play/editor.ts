/** A small editor of text: lines with numbers and colours, and a mark at the line of a mistake. */

import { createEditor, type PrismEditor } from "prism-code-editor";
import "prism-code-editor/prism/languages/json";
import "prism-code-editor/prism/languages/python";
import "prism-code-editor/prism/languages/toml";

import { indentAt } from "./indent";

/** Languages that have colours. */
type Language = "python" | "json" | "toml";

export class Editor {
    /** The element of it, for a view to put where it belongs. */
    readonly element = document.createElement("div");

    readonly #editor: PrismEditor;
    #marked: number | null = null;
    /** True while the page itself sets the text, which is no change by the visitor. */
    #setting = true;

    /** `changed` is called with each text that the visitor has typed. */
    constructor(language: Language, label: string, changed: (text: string) => void) {
        this.element.className = "editor";
        this.#editor = createEditor(this.element, {
            language, value: "", tabSize: 4,
            // A vector is one line, however long.
            wordWrap: language === "json",
            onUpdate: text => { if (!this.#setting) changed(text); },
        });
        this.#editor.textarea.setAttribute("aria-label", label);
        this.#editor.keyCommandMap["Enter"] = (_, [start, end], text) =>
            this.#typed(`\n${indentAt(text, start)}`, start, end);
        this.#setting = false;
    }

    get text(): string {
        return this.#editor.value;
    }

    set text(text: string) {
        if (text === this.text) return;
        this.mark(null);
        this.#setting = true;
        this.#editor.setOptions({ value: text });
        this.#setting = false;
    }

    /** Mark a line, counted from 1, and bring it into view; null: mark none. */
    mark(line: number | null): void {
        if (line === this.#marked) return;
        this.#lineAt(this.#marked)?.classList.remove("mistake");
        this.#marked = line;
        const marked = this.#lineAt(line);
        marked?.classList.add("mistake");
        marked?.scrollIntoView({ block: "nearest" });
        this.#editor.textarea.setAttribute("aria-invalid", String(line !== null));
    }

    /** Put the cursor at the begin of a line. */
    goTo(line: number): void {
        const start = this.text.split("\n").slice(0, line - 1).join("\n").length + Number(line > 1);
        this.#editor.textarea.focus();
        this.#editor.textarea.setSelectionRange(start, start);
    }

    #lineAt(line: number | null): Element | null {
        return line === null ? null : this.#editor.lines[line] ?? null;
    }

    /** Put in text as if it were typed, so that it can be undone. */
    #typed(text: string, start: number, end: number): boolean {
        this.#editor.textarea.setSelectionRange(start, end);
        return document.execCommand("insertText", false, text);
    }
}
