/**
 * A peer's membership of our closed realm, for as long as its connection lasts.
 *
 * Judged in the hello, before anything is served. When the certificate ends under a living connection, the
 * connection finishes its calls and closes, and the next hello decides: a renewed member is back at once, another
 * one is refused. An open realm asks for nothing and waits for nothing.
 */
import type { RefusedPayload } from '../../codec/payloads.ts';
import { CloseCode } from '../../transport/transport.ts';
import { judgeProof } from '../identity/closed-realm.ts';
import type { ConnectionState } from './connection-state.ts';
import { Drain } from './messages.ts';

/** Milliseconds between two looks at the wall clock, which may be set at any time; a timer holds 24 days at most. */
const LONGEST_WAIT = 3_600_000;
/** Milliseconds that calls in flight have when the membership ends. */
const FINISH = 5_000;

export class ProvenMembership {
  readonly #state: ConnectionState;
  /** Unix milliseconds. */
  #until = Infinity;

  constructor(state: ConnectionState) {
    this.#state = state;
  }

  get #now(): number {
    return this.#state.context.runtime.clock.wall();
  }

  /** What we show: undefined in an open realm. */
  get proof(): Uint8Array | undefined {
    return this.#state.context.settings.closed?.proof(this.#now);
  }

  /** Judges what the peer shows; undefined accepts. */
  judge(proof: unknown, nodeId: Uint8Array): RefusedPayload | undefined {
    const verdict = judgeProof(this.#state.context.settings.closed, proof, nodeId, this.#now);
    if (verdict.tag === 'refused') return { code: 'unauthorized', message: verdict.detail };
    this.#until = verdict.until;
    return undefined;
  }

  /** The peer is accepted: from now on its time is watched. */
  begin(): void {
    if (this.#until === Infinity) return;
    const { process, context } = this.#state;
    const left = this.#until - this.#now;
    if (left <= 0) context.runtime.send(process, new Drain(FINISH, CloseCode.normal));
    else context.runtime.workAfter(Math.min(left, LONGEST_WAIT), process, () => this.begin());
  }
}
