/**
 * A question of a NAT check to a connected peer: where do you see me, or send something there.
 *
 * A kernel `Call` held by the connection: settled by the peer's nat_probe_reply, by its deadline, or with the
 * connection. Late answers are dropped.
 */
import { Call } from '../../../actor/call.ts';
import type { DialBackPayload, NatProbePayload, NatProbeReplyPayload } from '../../../codec/payloads.ts';

/** What is asked; the connection adds the request id. */
export type NatQuestion =
  | ({ readonly type: 'nat_probe' } & Omit<NatProbePayload, 'request_id'>)
  | ({ readonly type: 'dial_back' } & Omit<DialBackPayload, 'request_id'>);

/** The connection that has sent a question wants to hear when it was given up. */
export interface NatAsked {
  onGivenUp(request: NatRequest): void;
}

export class NatRequest extends Call {
  readonly question: NatQuestion;
  /** Where the connection keeps it. The connection writes both. */
  ticket: string | null = null;
  asked: NatAsked | null = null;
  readonly #done: (answer: NatProbeReplyPayload | undefined) => void;

  /** `done`: told once, undefined when there is no answer. */
  constructor(question: NatQuestion, done: (answer: NatProbeReplyPayload | undefined) => void) {
    super();
    this.question = question;
    this.#done = done;
  }

  get request(): this {
    return this;
  }

  protected override onAbandoned(): void {
    this.asked?.onGivenUp(this);
  }

  protected onReply(value: unknown): void {
    this.#done(value as NatProbeReplyPayload);
  }

  protected onFailure(): void {
    this.#done(undefined);
  }
}
