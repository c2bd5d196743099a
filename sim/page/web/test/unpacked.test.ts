import { equal } from "node:assert/strict";
import { test } from "node:test";

import { unpacked } from "../src/play/unpacked";

test("a part is unpacked once, whoever does it", async () => {
    const packed = await new Response(
        new Blob(["a part"]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
    for (const bytes of [packed, await unpacked(packed)]) {
        equal(new TextDecoder().decode(await unpacked(bytes)), "a part");
    }
});
