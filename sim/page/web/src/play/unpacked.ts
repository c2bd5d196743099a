/** Parts, which are packed by gzip. */

/** The content of a part; a server that knows the ending of its name may have unpacked it on the way. */
export async function unpacked(bytes: ArrayBuffer): Promise<ArrayBuffer> {
    const [first, second] = new Uint8Array(bytes);
    if (first !== 0x1f || second !== 0x8b) return bytes;
    return await new Response(
        new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}
