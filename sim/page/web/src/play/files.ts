/** Files that a visitor keeps. */

/** Hand the browser a file, whose content is in base64. */
export function keep(name: string, type: string, content: string): void {
    const bytes   = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
    const address = URL.createObjectURL(new Blob([bytes], { type }));
    const link    = document.createElement("a");
    link.href     = address;
    link.download = name;
    link.click();
    // The browser has read it by then, however slow it is.
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
