/**
 * What an actor's effect has not taken yet, and the fibers that wait for something to take.
 *
 * The process hands everything over at once, so that it is never parked and hears at once that it is to end. Its
 * bound shrinks by what lies here: together they hold no more than the mailbox may, and the kernel refuses and counts
 * the rest. With `dropOldest` the bound stays, and what is too much goes from here; both count as dropped.
 */
import type { Call } from '../actor/call.ts';
import type { ExitReason } from '../actor/exit-reason.ts';
import { Kind, Mailbox } from '../actor/mailbox.ts';
import { Down, Exit } from '../actor/monitor.ts';
import type { Pid, Ref, Target } from '../actor/pid.ts';
import type { Process } from '../actor/process.ts';
import type { From } from '../otp/gen-server.ts';
import { Request } from '../otp/server-ref.ts';

/** What an actor receives. */
export type Message =
  /** Answer with `from.reply(value)`, once, whenever it suits. */
  | { readonly _tag: 'Call'; readonly call: string; readonly payload: unknown; readonly from: From }
  | { readonly _tag: 'Cast'; readonly cast: string; readonly payload: unknown }
  /** A monitored process ended. */
  | { readonly _tag: 'Down'; readonly ref: Ref; readonly pid: Target; readonly reason: ExitReason }
  /** An exit signal, when the actor traps them. */
  | { readonly _tag: 'Exit'; readonly from: Pid; readonly reason: ExitReason }
  /** Anything else that was sent. */
  | { readonly _tag: 'Info'; readonly message: unknown };

export class Inbox {
  readonly #process: Process;
  readonly #bound: number;
  readonly #waiting = new Mailbox();
  readonly #takers = new Set<(message: Message) => void>();

  constructor(process: Process) {
    this.#process = process;
    this.#bound = process.bound;
  }

  /** Messages that nobody has taken. */
  get length(): number {
    return this.#waiting.length;
  }

  offer(kind: Kind, message: unknown): void {
    const [taker] = this.#takers;
    if (taker !== undefined) {
      this.#takers.delete(taker);
      taker(asMessage(kind, message));
      return;
    }
    if (kind <= Kind.call && this.#waiting.length >= this.#bound) this.#shed();
    this.#waiting.push(kind, message);
    this.#account();
  }

  /** The oldest message, or undefined. */
  poll(): Message | undefined {
    while (this.#waiting.length > 0) {
      const kind = this.#waiting.peek();
      const message = this.#waiting.take();
      this.#account();
      // its caller gave up: nobody wants the answer
      if (kind === Kind.call && (message as Call).settled) continue;
      return asMessage(kind, message);
    }
    return undefined;
  }

  /** Has `taker` get the next message; the returned function takes that back. */
  await(taker: (message: Message) => void): () => void {
    this.#takers.add(taker);
    return () => {
      this.#takers.delete(taker);
    };
  }

  /** Only for `dropOldest`: elsewhere the kernel has refused the message before it came here. */
  #shed(): void {
    const oldest = this.#waiting.shed();
    if (oldest === undefined) return;
    this.#process.dropped++;
    if (oldest.kind === Kind.call) (oldest.message as Call).fail({ tag: 'overloaded', bound: 'mailbox' });
  }

  #account(): void {
    const process = this.#process;
    if (process.full !== 'dropOldest') process.bound = Math.max(0, this.#bound - this.#waiting.length);
  }
}

function asMessage(kind: Kind, message: unknown): Message {
  if (message instanceof Down)
    return { _tag: 'Down', ref: message.ref, pid: message.pid, reason: message.reason };
  if (message instanceof Exit) return { _tag: 'Exit', from: message.from, reason: message.reason };
  if (kind === Kind.call) {
    const call = message as Call;
    const { tag, payload } = asRequest(call.request);
    return { _tag: 'Call', call: tag, payload, from: call };
  }
  if (kind === Kind.cast) {
    const { tag, payload } = asRequest(message);
    return { _tag: 'Cast', cast: tag, payload };
  }
  return { _tag: 'Info', message };
}

/** A request that no tag names has the tag ''. */
const asRequest = (request: unknown): Pick<Request, 'tag' | 'payload'> =>
  request instanceof Request ? request : { tag: '', payload: request };
