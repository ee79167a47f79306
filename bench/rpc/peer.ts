/**
 * One way to make a call, as the bench sees it. A new peer is a module in `peers/` and an entry in `peers.ts`.
 */
import type { Call } from '../harness/load.ts';
import type { StepName } from './plan.ts';

/** What a client must know of its server: port, certificate, …. Travels as JSON. */
export type Info = Readonly<Record<string, string | number>>;

/**
 * Runs in a process of its own, which is ended from outside: nothing has to be closed. Written as a user of
 * that library would write it, with both ends authenticated where it can.
 */
export interface PeerModule {
  /** Starts a server that echoes. */
  readonly serve: () => Promise<Info>;
  /** Connects; the call resolves with the bytes it was given, or as many others. */
  readonly connect: (info: Info) => Promise<Call>;
}

export interface PeerEntry {
  readonly name: string;
  /** What one must know to read its figures. */
  readonly note: string;
  /** What it needs beyond the project's own dependencies: listed in `bench/package.json`. */
  readonly packages: readonly string[];
  /** What it does, in this order. */
  readonly steps: readonly StepName[];
  readonly load: () => Promise<PeerModule>;
}
