/**
 * A question to another node that is no procedure call: the frames of the DHT and a ping.
 *
 * A kernel `Call`: held by the peer pool while it dials, then by the connection; settled by the answer, by its
 * deadline, or by the death of who holds it. Late answers are counted and dropped.
 */
import { Call, type CallFailure } from '../../actor/call.ts';
import type {
  AnswerPayload,
  FindNodeReplyPayload,
  FindValueReplyPayload,
  PongPayload,
  SignedRecordPayload,
} from '../../codec/payloads.ts';
import type { PeerTarget } from './peer-target.ts';

/** What is asked; the connection adds the request id. */
export type PeerQuestion =
  | { readonly type: 'find_node'; readonly target: Uint8Array }
  | { readonly type: 'find_value'; readonly key: Uint8Array }
  | { readonly type: 'store'; readonly key: Uint8Array; readonly value: SignedRecordPayload }
  | { readonly type: 'ping' };

/** What answers it, by the type of the answer. */
export type PeerAnswer =
  | { readonly type: 'find_node_reply'; readonly payload: FindNodeReplyPayload }
  | { readonly type: 'find_value_reply'; readonly payload: FindValueReplyPayload }
  | { readonly type: 'store_reply'; readonly payload: AnswerPayload }
  | { readonly type: 'pong'; readonly payload: PongPayload };

/** Told once how it ended. One that is sent one way is told `SENT`. */
export type PeerOutcome =
  { readonly ok: true; readonly answer: PeerAnswer } | { readonly ok: false; readonly failure: CallFailure };

/** The connection that has sent a question wants to hear when it was given up. */
export interface Asked {
  onGivenUp(request: PeerRequest): void;
}

/** The exit reason of a question whose peer refuses us: whoever asks again is told the same. */
export const REFUSED = 'unauthorized';

export class PeerRequest extends Call {
  readonly target: PeerTarget;
  readonly question: PeerQuestion;
  /** Settled with no answer as soon as the frame was handed to the transport. */
  readonly oneWay: boolean;
  /** Clock ms; written by whoever lets it wait for a connection. */
  deadline: number = Infinity;
  /** A dial began for it, or it was sent: whoever is silent from then on is the peer. */
  tried = false;
  /** It may have reached the peer. The connection writes these four. */
  sent = false;
  /** Hex id of who is asked; empty until it was sent. */
  sentTo = '';
  /** Where it keeps it. */
  ticket: string | null = null;
  asked: Asked | null = null;
  readonly #done: (outcome: PeerOutcome) => void;

  constructor(
    target: PeerTarget,
    question: PeerQuestion,
    done: (outcome: PeerOutcome) => void,
    oneWay: boolean = false,
  ) {
    super();
    this.target = target;
    this.question = question;
    this.oneWay = oneWay;
    this.#done = done;
  }

  get request(): this {
    return this;
  }

  protected override onAbandoned(): void {
    this.asked?.onGivenUp(this);
  }

  protected onReply(value: unknown): void {
    this.#done({ ok: true, answer: value as PeerAnswer });
  }

  protected onFailure(failure: CallFailure): void {
    this.#done({ ok: false, failure });
  }
}
