/** Things of a document in words. */

import type { Access, Reason, RunDocument, Store, Subject, Verdict } from "./document";

const NUMBER = new Intl.NumberFormat("en-US");

/** A number with its thousands apart. */
export function numberText(value: number): string {
    return NUMBER.format(value);
}

/** "1 claim", "2 claims". */
export function countText(count: number, noun: string): string {
    return `${numberText(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Bytes of a page in the largest unit. */
export function sizeText(bytes: number): string {
    const units: [string, number][] = [["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]];
    const [unit, factor] = units.find(([, each]) => bytes >= each) ?? ["bytes", 1];
    return `${bytes / factor} ${unit}`;
}

export function hexText(value: number): string {
    return `0x${value.toString(16)}`;
}

/** Whose something is, where there are several processors. */
export function ofProcessor(document: RunDocument, cpu: number): string {
    return document.cpus > 1 ? ` of processor\u00a0${cpu}` : "";
}

/** What becomes of an access: done, or a fault with its error code. */
export function endingText(verdict: Verdict): string {
    return verdict.done ? "done" : `#PF ${hexText(verdict.error_code)}`;
}

/** All reasons for which an access is refused; none if it is done. */
export function reasonsOf(verdict: Verdict): Reason[] {
    const { reason, rule, section, decided_by } = verdict;
    return reason === undefined ? []
        : [{ reason, rule: rule!, section: section!, decided_by: decided_by! }, ...verdict.also];
}

/** What an access is: "user write of 8 bytes at 0x1000". */
export function accessText(document: RunDocument, access: Access): string {
    const [, , kind, user, implicit, bytes, linear] = access;
    const who = user ? "user" : implicit ? "implicit kernel" : "kernel";
    return `${who} ${document.kinds[kind]!.toLowerCase()} of ${countText(bytes, "byte")} at ${linear}`;
}

/** How an access ended. */
export function resultText(document: RunDocument, access: Access): string {
    const [, completed, , , , , , physical, data, fault, errorCode] = access;
    if (completed < 0) return "no response";
    switch (document.faults[fault]) {
        case "PAGE_FAULT":         return `#PF, error code ${hexText(errorCode)}`;
        case "GENERAL_PROTECTION": return "#GP";
        case "SKIPPED":            return "skipped";
    }
    return ["done", physical && `physical ${physical}`, data && `value ${data}`]
        .filter(Boolean).join(", ");
}

/** Who made a store: a processor in one of its functions, or its walker. */
export function makerText(
    document: RunDocument, cpu: number, walker: boolean | number, function_: number,
): string {
    const who = walker ? "the page walker" : functionText(document, function_);
    return who + ofProcessor(document, cpu);
}

export function functionText(document: RunDocument, function_: number): string {
    return document.functions[function_] || "user code";
}

/** A store to an entry of a paging structure. */
export function storeText(document: RunDocument, store: Store): string {
    const [, cpu, walker, function_, address, before, after, entry] = store;
    return `${entry} at ${address}: ${before} \u2192 ${after}, by ` +
           makerText(document, cpu, walker, function_);
}

/** True if the address of a subject is in another address space, too. */
export function isShared({ subjects }: RunDocument, { linear, cpu, cr3 }: Subject): boolean {
    return subjects.some(each => each.linear === linear && each.cpu === cpu && each.cr3 !== cr3);
}

/** The address of a subject, with what tells it from others that are the same. */
export function addressText(document: RunDocument, subject: Subject): string {
    const { linear, cpu, cr3 } = subject;
    return linear + ofProcessor(document, cpu) +
        (isShared(document, subject) ? ` in the address space of CR3 ${cr3}` : "");
}

/** Whose address a subject is. */
export function subjectText({ side }: Subject): string {
    return side === "user" ? "The user\u2019s address" : "The kernel\u2019s own address";
}
