/** Light or dark: as the system has it, unless the reader says otherwise. */

const THEMES = ["auto", "light", "dark"] as const;

export type Theme = typeof THEMES[number];

/** The theme after one, in turn. */
export function nextTheme(theme: Theme): Theme {
    return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
}

/** Put the page into a theme, and its name on the button. */
export function setTheme(theme: Theme, button: HTMLElement): void {
    document.documentElement.dataset["theme"] = theme;
    button.querySelector("span")!.textContent = theme;
}
