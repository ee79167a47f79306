/**
 * A question to another node, asked by an actor of the DHT: whoever asks goes on, and hears of it in its own turn.
 *
 * What fails by our own fault is asked once more. Nobody waits longer than `timeout` in all.
 */
import type { Process } from '../../actor/process.ts';
import { actor, type MeshContext } from '../context.ts';
import { PeerRequest, type PeerAnswer, type PeerQuestion } from '../peer/peer-request.ts';
import type { PeerTarget } from '../peer/peer-target.ts';
import { toPeer } from '../peer/to-peer.ts';
import { blame, STALL, type Blame } from './blame.ts';

/** Milliseconds until a question that failed by our own fault is asked again: a restart takes less. */
const AGAIN = 20;

export type Answer =
  | { readonly ok: true; readonly answer: PeerAnswer; readonly took: number }
  /** `unasked`: it was our fault that the question has not left us, so that nothing follows from it. */
  | { readonly ok: false; readonly blame: Blame; readonly unasked: boolean };

export interface Told {
  /** Runs in the turn of `self`, or never when `self` has ended by then. */
  readonly told: (answer: Answer) => void;
  /** Runs when the peer is of no use, though whoever asked is gone: somebody should know of it. */
  readonly failed?: () => void;
}

export function ask(
  context: MeshContext,
  self: Process,
  target: PeerTarget,
  question: PeerQuestion,
  timeout: number,
  { told, failed }: Told,
): void {
  const { runtime } = context;
  const since = runtime.clock.now();
  const settle = (answer: Answer): void => {
    runtime.work(self, () => {
      told(answer);
    });
  };
  const attempt = (left: number, last: boolean): void => {
    // without a pool nobody who is not connected can be reached: that is no fault of theirs
    const pooled = actor(context, 'peerPool') !== undefined;
    const call = new PeerRequest(target, question, (outcome) => {
      const waited = runtime.clock.now() - since;
      if (outcome.ok) {
        settle({ ok: true, answer: outcome.answer, took: waited });
        return;
      }
      const whose = pooled ? blame(outcome.failure, waited, timeout, call.tried) : 'ours';
      if (whose !== 'ours') failed?.();
      const rest = timeout - waited - AGAIN;
      const unasked = whose === 'ours' && (!call.tried || waited > timeout + STALL);
      if (whose !== 'ours' || last || rest <= 0 || !self.alive) settle({ ok: false, blame: whose, unasked });
      else
        runtime.workAfter(AGAIN, self, () => {
          attempt(rest, true);
        });
    });
    toPeer(context, call, target, left);
  };
  attempt(timeout, false);
}
