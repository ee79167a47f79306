/**
 * The frames of NAT checks on one connection: our questions and their answers, and the peer's, which the observer answers.
 */
import type { Frame } from '../../../codec/frame.ts';
import { keyOf } from '../../connection/outgoing.ts';
import type { MeshContext } from '../../context.ts';
import type { Standing } from '../../peer/standings.ts';
import type { NatAsked, NatRequest } from './nat-request.ts';
import { Observer } from './observer.ts';

export type NatFrame = Extract<Frame, { readonly type: 'nat_probe' | 'nat_probe_reply' | 'dial_back' }>;

/** Questions to one peer without an answer. */
const PENDING = 32;

export class NatFrames implements NatAsked {
  readonly #context: MeshContext;
  readonly #standing: () => Standing | undefined;
  readonly #observer: Observer;
  readonly #pending = new Map<string, NatRequest>();

  /** `standing`: the connection's own; undefined before its peer has proven who it is. */
  constructor(context: MeshContext, standing: () => Standing | undefined) {
    this.#context = context;
    this.#standing = standing;
    this.#observer = new Observer(context, standing);
  }

  ask(request: NatRequest): void {
    if (request.settled) return;
    const standing = this.#standing();
    const id = this.#context.runtime.random.bytes(16);
    const { type, ...question } = request.question;
    const payload = { ...question, request_id: id };
    if (this.#pending.size >= PENDING || standing?.say(type, payload as never) !== true) {
      request.cancel('not sent');
      return;
    }
    request.ticket = keyOf(id);
    request.asked = this;
    this.#pending.set(request.ticket, request);
  }

  onFrame(frame: NatFrame): void {
    switch (frame.type) {
      case 'nat_probe':
        this.#observer.onProbe(frame.payload);
        return;
      case 'dial_back':
        this.#observer.onDialBack(frame.payload);
        return;
      case 'nat_probe_reply':
        this.#take(frame.payload.request_id)?.reply(frame.payload);
    }
  }

  /** An answer that breaks a rule: who waits for it must not wait for its deadline. */
  onBadAnswer(id: Uint8Array): void {
    this.#take(id)?.cancel('a malformed answer');
  }

  onGivenUp({ ticket }: NatRequest): void {
    if (ticket !== null) this.#pending.delete(ticket);
  }

  #take(id: Uint8Array): NatRequest | undefined {
    const key = keyOf(id);
    const request = this.#pending.get(key);
    this.#pending.delete(key);
    return request;
  }
}
