/** Lists that are sorted by cycle. */

/** Index of the last item at or before a cycle; -1 if the first one is later. */
export function lastAt(length: number, cycleOf: (index: number) => number, cycle: number): number {
    let [low, high] = [0, length];
    while (low < high) {
        const middle = (low + high) >> 1;
        if (cycleOf(middle) <= cycle) low = middle + 1;
        else high = middle;
    }
    return low - 1;
}

/** The last item at or before a cycle. */
export function itemAt<Item extends readonly [number, ...unknown[]]>(
    items: readonly Item[], cycle: number,
): Item | undefined {
    return items[lastAt(items.length, index => items[index]![0], cycle)];
}

/** All items of a cycle, each with its index. */
export function itemsOf<Item extends readonly [number, ...unknown[]]>(
    items: readonly Item[], cycle: number,
): [Item, number][] {
    const end = lastAt(items.length, index => items[index]![0], cycle) + 1;
    const begin = lastAt(items.length, index => items[index]![0], cycle - 1) + 1;
    return items.slice(begin, end).map((item, offset) => [item, begin + offset]);
}
