/**
 * A process of the bench, as the bench sees it: one order at a time, each with a limit.
 */
import { Child } from '../harness/child.ts';
import type { Order, OrderName, Orders, Word } from './messages.ts';

const SCRIPT = new URL('process.js', import.meta.url);
/** Milliseconds for an order that says nothing else. */
const LIMIT = 20_000;

export class Member {
  readonly #child: Child<Order, Word>;
  /** Monotonic ms after which nothing is waited for. */
  readonly #deadline: number;

  constructor(name: string, deadline: number) {
    this.#child = new Child(name, SCRIPT, []);
    this.#deadline = deadline;
  }

  /** Throws when the process fails, is silent or gone. */
  async ask<Name extends OrderName>(
    what: Name,
    of: Orders[Name]['of'],
    limit: number = LIMIT,
  ): Promise<Orders[Name]['is']> {
    const left = this.#deadline - performance.now();
    if (left <= 0) throw new Error('no time was left for all of it');
    this.#child.send({ do: what, of } as Order);
    const word = await this.#child.receive(Math.min(limit, left));
    if (word.tag === 'failed') throw new Error(`${what}: ${word.reason}`);
    return word.is as Orders[Name]['is'];
  }

  /** As a crash of the machine would: nobody is told. Resolves when the process is gone. */
  async kill(): Promise<void> {
    const { pid } = this.#child;
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await this.#child.receive(LIMIT).catch(() => undefined);
  }

  close(): Promise<void> {
    return this.#child.close();
  }
}
