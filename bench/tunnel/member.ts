/**
 * A process of ours, as the bench sees it: one order at a time, each with a limit.
 */
import { Child } from '../harness/child.ts';
import type { Order, OrderName, Orders, Word } from './messages.ts';

const SCRIPT = new URL('process.js', import.meta.url);
/** Milliseconds for an order that says nothing else. */
const LIMIT = 30_000;

export class Member {
  readonly #child: Child<Order, Word>;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    this.#child = new Child(name, SCRIPT, []);
  }

  /** Throws when the process fails, is silent or gone. */
  async ask<Name extends OrderName>(
    what: Name,
    of: Orders[Name]['of'],
    limit: number = LIMIT,
  ): Promise<Orders[Name]['is']> {
    this.#child.send({ do: what, of } as Order);
    const word = await this.#child.receive(limit);
    if (word.tag === 'failed') throw new Error(`${this.#name}, ${what}: ${word.reason}`);
    return word.is as Orders[Name]['is'];
  }

  close(): Promise<void> {
    return this.#child.close();
  }
}
