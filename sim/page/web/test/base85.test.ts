import { deepEqual } from "node:assert/strict";
import { test } from "node:test";

import { bytesOf } from "../src/play/base85";

test("a text of five characters is four bytes, or what is wanted of them", () => {
    deepEqual([...new Uint8Array(bytesOf("00000|NsC0", 8))], [0, 0, 0, 0, 255, 255, 255, 255]);
    deepEqual([...new Uint8Array(bytesOf("Xk~0{", 3))], [...new TextEncoder().encode("hel")]);
});

test("each character has the value that Python gives it, but for the one that begins a tag", () => {
    deepEqual([...new Uint8Array(bytesOf("0000,", 4))], [0, 0, 0, 73]);
});
