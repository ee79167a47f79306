/**
 * Invariant 14: watches what a simulated run must not touch, while it runs.
 *
 * Unhandled rejections and uncaught exceptions of the whole program count. The globals of real time and chance count
 * when code of ours calls them: other code of the program, as a test runner's, may. Guards of several runs at once
 * share the watch, and each of them is told.
 */
import { fileURLToPath } from 'node:url';

type Told = (detail: string) => void;

/** Our code lies below this; tests and libraries do not. */
const OURS: readonly string[] = ['src', 'supervisors'].map((folder) =>
  fileURLToPath(new URL(`../../../${folder}/`, import.meta.url)),
);

/** What only the seams in `src/actor/` may touch, and those have taken it when they were loaded. */
const BANNED: readonly (readonly [
  object: 'globalThis' | 'Math' | 'Date' | 'performance',
  property: string,
])[] = [
  ['globalThis', 'setTimeout'],
  ['globalThis', 'setInterval'],
  ['globalThis', 'setImmediate'],
  ['globalThis', 'queueMicrotask'],
  ['Math', 'random'],
  ['Date', 'now'],
  ['performance', 'now'],
];

const guards = new Set<Told>();
let restore: (() => void)[] = [];

const tellAll = (detail: string): void => {
  for (const tell of guards) tell(detail);
};
const rejected = (reason: unknown): void => {
  tellAll(`unhandled rejection: ${stackOf(reason)}`);
};
const uncaught = (error: unknown): void => {
  tellAll(`uncaught exception: ${stackOf(error)}`);
};

const stackOf = (reason: unknown): string =>
  reason instanceof Error ? (reason.stack ?? String(reason)) : String(reason);

/** Watches until the returned function is called. */
export function guard(tell: Told): () => void {
  if (guards.size === 0) begin();
  guards.add(tell);
  return () => {
    if (guards.delete(tell) && guards.size === 0) end();
  };
}

function begin(): void {
  process.on('unhandledRejection', rejected);
  process.on('uncaughtException', uncaught);
  restore = BANNED.map(([owner, property]) => {
    const object = Reflect.get(globalThis, owner) as object;
    const real = Object.getOwnPropertyDescriptor(object, property);
    const found = (object as Record<string, unknown>)[property] as (...args: unknown[]) => unknown;
    const watched = function (this: unknown, ...args: unknown[]): unknown {
      const caller = ourCaller();
      if (caller !== undefined) tellAll(`${owner}.${property} was called ${caller}`);
      return Reflect.apply(found, this, args);
    };
    Object.defineProperty(object, property, { value: watched, configurable: true, writable: true });
    return () => {
      if (real === undefined) Reflect.deleteProperty(object, property);
      else Object.defineProperty(object, property, real);
    };
  });
}

function end(): void {
  process.off('unhandledRejection', rejected);
  process.off('uncaughtException', uncaught);
  for (const undo of restore.splice(0)) undo();
}

/** Where our code is among the callers; undefined when it is not. */
function ourCaller(): string | undefined {
  const lines = (new Error('stack').stack ?? '').split('\n').slice(3);
  return lines.find((line) => OURS.some((folder) => line.includes(folder)))?.trim();
}
