/**
 * A client's registrations at its node: what it serves is said anew over each connection, and each change as it
 * comes. What is sent is always what the intent holds at that moment, so the last word is the right one.
 * What the node refuses then, though it took it before, is said again with backoff: names and room become free.
 */
import type { Process } from '../../actor/process.ts';
import type { TimerEntry } from '../../actor/timers.ts';
import type { From } from '../../otp/gen-server.ts';
import type { MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { keyOfAdvertised, type Advertised } from '../intent/intent.ts';
import { delay } from '../peer/backoff.ts';
import { offerPayload } from '../registry/offer.ts';
import type { Channel } from './channel.ts';
import { keyOf } from './outgoing.ts';

/** The owner of everything that is advertised through a connected client. */
export const CLIENT = 'client';

/** Registrations that the node has not answered. */
const PENDING = 1_024;
/** Of those, as many as a fresh connection has under way when it says everything. */
const WINDOW = 256;

interface Asked {
  readonly procedure: string;
  /** Undefined for those that nobody waits for. */
  readonly from: From | undefined;
}

export class Enrolling {
  readonly #context: MeshContext;
  readonly #control: Channel;
  readonly #asked = new Map<string, Asked>();
  #todo: string[] = [];
  /** What the node believes that we serve. */
  readonly #told = new Set<string>();
  /** Refused, to be said again. */
  readonly #refused = new Set<string>();
  #attempt = 0;
  #again: TimerEntry | undefined;
  readonly #process: Process;

  constructor(context: MeshContext, control: Channel, process: Process) {
    this.#context = context;
    this.#control = control;
    this.#process = process;
  }

  /** Says everything, a window at a time; also what was said before and is not wanted any more. */
  all(): void {
    const wanted = [...this.#context.advertised.values()].map(({ procedure }) => procedure);
    this.#todo = [...new Set([...this.#told, ...wanted.toReversed()])];
    this.#more();
  }

  one(procedure: string, from: From): void {
    if (this.#asked.size >= PENDING) this.#forgetSettled();
    if (this.#asked.size >= PENDING) {
      from.reply({ tag: 'overloaded', bound: 'registrations' } satisfies RpcFailure);
    } else this.#ask(procedure, from);
  }

  answered(id: Uint8Array, failure: RpcFailure | undefined): void {
    const key = keyOf(id);
    const asked = this.#asked.get(key);
    if (asked === undefined) return;
    this.#asked.delete(key);
    if (failure !== undefined) this.#told.delete(asked.procedure);
    if (asked.from !== undefined) asked.from.reply(failure);
    else if (failure !== undefined) {
      this.#context.events.emit('service.refused', { procedure: asked.procedure, tag: failure.tag });
      if (failure.tag !== 'invalid_args') this.#later(asked.procedure);
    }
    this.#more();
  }

  #later(procedure: string): void {
    this.#refused.add(procedure);
    if (this.#again !== undefined) return;
    const { runtime } = this.#context;
    this.#again = runtime.workAfter(delay(this.#attempt++, runtime.random), this.#process, () => {
      this.#again = undefined;
      for (const procedure of this.#refused) this.#todo.push(procedure);
      this.#refused.clear();
      this.#more();
    });
  }

  end(): void {
    this.#todo = [];
    this.#refused.clear();
    this.#again?.unset();
    for (const { from } of this.#asked.values()) {
      from?.reply({
        tag: 'connection_error',
        sent: true,
        detail: 'the connection was lost',
      } satisfies RpcFailure);
    }
    this.#asked.clear();
  }

  #more(): void {
    while (this.#asked.size < WINDOW) {
      const procedure = this.#todo.pop();
      if (procedure === undefined) return;
      if (this.#told.has(procedure) || this.#wanted(procedure) !== undefined) this.#ask(procedure, undefined);
    }
  }

  #ask(procedure: string, from: From | undefined): void {
    const wanted = this.#wanted(procedure);
    const id = this.#context.runtime.random.bytes(16);
    this.#asked.set(keyOf(id), { procedure, from });
    if (wanted === undefined) this.#told.delete(procedure);
    else this.#told.add(procedure);
    if (wanted === undefined) this.#control.send('unregister_procedure', { request_id: id, procedure });
    else {
      this.#control.send('register_procedure', {
        request_id: id,
        procedure,
        ...offerPayload(wanted),
      });
    }
  }

  #wanted(procedure: string): Advertised | undefined {
    return this.#context.advertised.get(keyOfAdvertised(CLIENT, procedure));
  }

  #forgetSettled(): void {
    for (const [key, { from }] of this.#asked) if (from?.settled === true) this.#asked.delete(key);
  }
}
