/** Bytes as the text that sim/lab/make.py makes of them, which is shorter than base64. */

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;,=>?@^_`{|}~";

/** The bytes of a text, so many: four for each five characters, and the last ones fill it up. */
export function bytesOf(text: string, size: number): ArrayBuffer {
    const values = new Uint8Array(128);
    [...ALPHABET].forEach((letter, value) => { values[letter.charCodeAt(0)] = value; });
    const view = new DataView(new ArrayBuffer(text.length / 5 * 4));
    for (let at = 0, to = 0; at < text.length; at += 5, to += 4) {
        let word = 0;
        for (let place = at; place < at + 5; place++) word = word * 85 + values[text.charCodeAt(place)]!;
        view.setUint32(to, word);
    }
    return view.buffer.slice(0, size);
}
