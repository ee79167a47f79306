/**
 * Backpressure for what users ask of the registry: so many requests are under way at once, the rest wait here,
 * in order, and no mailbox of ours can overflow because of them.
 */
import type { MeshContext } from '../context.ts';
import { RpcError } from '../errors/rpc-error.ts';
import type { Patience } from './patience.ts';

/** Under way at once; a peer takes 1,024 registrations that it has not answered. */
const AT_ONCE = 512;
/** As many names as a node can hold. */
const WAITING = 100_000;

export class Turns {
  #underWay = 0;
  readonly #waiting = new Set<() => void>();

  /** Runs `work` in its turn. Throws `RpcError`: `overloaded` when too many wait, `timeout` or `canceled`. */
  async run<T>(patience: Patience, procedure: string, work: () => Promise<T>): Promise<T> {
    patience.check(procedure);
    if (this.#underWay < AT_ONCE) this.#underWay++;
    else await this.#turn(patience, procedure);
    try {
      return await work();
    } finally {
      this.#pass();
    }
  }

  /** Resolves when a place was handed over. */
  async #turn(patience: Patience, procedure: string): Promise<void> {
    if (this.#waiting.size >= WAITING) {
      throw new RpcError({ tag: 'overloaded', bound: 'advertisements' }, procedure);
    }
    let call: () => void = () => undefined;
    const turn = new Promise<void>((resolve) => {
      call = resolve;
    });
    this.#waiting.add(call);
    try {
      await patience.wait(turn, procedure);
    } catch (error) {
      // it gave up in the very moment it was called
      if (!this.#waiting.delete(call)) this.#pass();
      throw error;
    }
  }

  #pass(): void {
    for (const call of this.#waiting) {
      this.#waiting.delete(call);
      call();
      return;
    }
    this.#underWay--;
  }
}

const turns = new WeakMap<MeshContext, Turns>();

/** One for all clients of a node. */
export function turnsOf(context: MeshContext): Turns {
  let found = turns.get(context);
  if (found === undefined) turns.set(context, (found = new Turns()));
  return found;
}
