import { equal } from "node:assert/strict";
import { test } from "node:test";

import { commandOf, KEYS, keyText } from "../src/keys";

/** An element of the page, by the one selector that it has. */
class FakeElement {
    constructor(private readonly selector: string) {}

    closest(selectors: string): FakeElement | null {
        return selectors.split(", ").includes(this.selector) ? this : null;
    }
}

// Node has no elements, and the page asks for their class.
Object.assign(globalThis, { Element: FakeElement });

/** The command of a key while an element has the focus. */
function command(key: string, selector = "body", held: Partial<KeyboardEvent> = {}): string | null {
    return commandOf({ key, target: new FakeElement(selector), ctrlKey: false, altKey: false,
                       metaKey: false, ...held } as unknown as KeyboardEvent);
}

test("every key of the list has its command, and no key has two", () => {
    for (const [keys, , commands] of KEYS) {
        equal(keys.length, commands.length);
        keys.forEach((key, index) => equal(command(key), commands[index], key));
    }
    const all = KEYS.flatMap(([keys]) => keys);
    equal(new Set(all).size, all.length);
});

test("a key that is not in the list has none", () => {
    for (const key of ["x", "Enter", " ", "Tab", "P"]) equal(command(key), null, key);
});

test("what the browser does with Ctrl, Alt and Meta remains", () => {
    for (const held of ["ctrlKey", "altKey", "metaKey"]) equal(command("c", "body", { [held]: true }), null);
});

test("where one writes or chooses, keys are the element's own", () => {
    for (const selector of ["select", "textarea", "input[type=text]", "input[type=number]", "dialog"]) {
        equal(command("c", selector), null, selector);
        equal(command("ArrowLeft", selector), null, selector);
    }
});

test("where one scrolls, arrows scroll, and letters are commands", () => {
    for (const selector of ["input[type=radio]", ".scroll", ".wave-scroll", ".acts-scroll"]) {
        equal(command("ArrowLeft", selector), null, selector);
        equal(command("c", selector), "claim+", selector);
    }
});

test("a capital letter is told with Shift, and an arrow as one", () => {
    equal(keyText("C"), "Shift c");
    equal(keyText("c"), "c");
    equal(keyText("ArrowLeft"), "\u2190");
    equal(keyText("Home"), "Home");
});
