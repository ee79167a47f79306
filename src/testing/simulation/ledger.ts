/**
 * What a simulated mesh was asked and what came of it: the facts that the invariants are judged by.
 *
 * Pure; nothing in it comes from the mesh's own books. Each entry is also a line of the outcome log, which is part of
 * the trace. Units: milliseconds of virtual time.
 */
import { createHash, type Hash } from 'node:crypto';
import type { CallKind } from './configuration.ts';

export interface CallFacts {
  readonly kind: CallKind;
  readonly deadline: number;
  /** How often it was settled, and when last. */
  settled: number;
  settledAt: number;
  /** By life of the provider that ran it: how often. */
  readonly runs: Map<string, number>;
}

/** Lines kept for people. */
const KEPT = 200;

export class Ledger {
  readonly calls: Map<number, CallFacts> = new Map();
  /** How calls ended, by `ok` or the tag of their failure. */
  readonly ended: Record<string, number> = {};
  readonly faults: Record<string, number> = {};
  readonly #hash: Hash = createHash('sha256');
  #lines: string[] = [];

  called(id: number, kind: CallKind, deadline: number): void {
    this.calls.set(id, { kind, deadline, settled: 0, settledAt: 0, runs: new Map() });
  }

  /** A handler ran; `provider` names one life of one member. */
  ran(id: number, provider: string): void {
    const runs = this.calls.get(id)?.runs;
    runs?.set(provider, (runs.get(provider) ?? 0) + 1);
  }

  settled(id: number, how: string, now: number): void {
    const facts = this.calls.get(id);
    if (facts !== undefined) {
      facts.settled++;
      facts.settledAt = now;
    }
    this.ended[how] = (this.ended[how] ?? 0) + 1;
    this.log(now, `call ${id} ${how}`);
  }

  struck(kind: string): void {
    this.faults[kind] = (this.faults[kind] ?? 0) + 1;
  }

  log(now: number, line: string): void {
    const text = `${now} ${line}\n`;
    this.#hash.update(text);
    this.#lines.push(text);
    if (this.#lines.length >= 2 * KEPT) this.#lines = this.#lines.slice(-KEPT);
  }

  /** SHA-256 of everything so far, hex. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  /** The last 200, oldest first. */
  lines(): readonly string[] {
    return this.#lines.slice(-KEPT);
  }
}
