/** Declarations of what the tests use of Node, whose own types are not among the packages. */

declare module "node:test" {
    export function test(name: string, run: () => void): void;
}

declare module "node:assert/strict" {
    export function equal(found: unknown, expected: unknown, message?: string): void;
    export function deepEqual(found: unknown, expected: unknown, message?: string): void;
}
