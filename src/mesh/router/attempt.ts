/**
 * One try to have a call served by one provider; its outcome goes to the journey of that call.
 */
import type { CallFailure } from '../../actor/call.ts';
import type { Value } from '../../codec/value.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import type { PeerTarget } from '../peer/peer-target.ts';
import type { Candidate } from './candidates.ts';
import { RpcCall } from './rpc-call.ts';
import type { Trail } from './trail.ts';

/** Who hears of it. */
export interface Trying {
  answered(attempt: AttemptCall, value: Value): void;
  failed(attempt: AttemptCall, failure: RpcFailure): void;
  doubted(attempt: AttemptCall): void;
}

export class AttemptCall extends RpcCall {
  declare readonly candidate: Candidate;
  /** When it began, monotonic ms. */
  declare readonly begun: number;
  /** Its provider was not connected. */
  declare dialed: boolean;
  /** Whoever held it died before it was on its way. */
  declare orphaned: boolean;
  /** It has ended, and certainly nobody ran it. */
  declare unrun: boolean;
  declare readonly journey: Trying;

  /**
   * @param deadline monotonic ms; what it reports as its timeout is the caller's.
   * @param trail when it is passed on to another station.
   */
  constructor(
    call: RpcCall,
    candidate: Candidate,
    begun: number,
    deadline: number,
    journey: Trying,
    trail?: Trail,
  ) {
    super({
      procedure: call.procedure,
      args: call.args,
      timeout: call.timeout,
      deadline,
      caller: call.caller,
      trace: call.trace,
      fromPeer: call.fromPeer,
      idempotencyKey: call.idempotencyKey,
      idempotent: call.mayRunTwice,
      plan: call.plan,
      trail,
      relayed: call.relayed,
    });
    this.candidate = candidate;
    this.begun = begun;
    this.dialed = false;
    this.orphaned = false;
    this.unrun = false;
    this.journey = journey;
  }

  /** For the peer pool, which may have to dial. */
  get target(): PeerTarget {
    const { nodeId, addresses } = this.candidate;
    return { nodeId: nodeId === '' ? undefined : nodeId, addresses };
  }

  override get mayHaveRun(): boolean {
    return !this.unrun && super.mayHaveRun;
  }

  override fail(failure: CallFailure): boolean {
    if (failure.tag === 'exit' && this.stage === 'routing') this.orphaned = true;
    return super.fail(failure);
  }

  override onDoubted(): void {
    this.journey.doubted(this);
  }

  protected onValue(value: Value): void {
    this.journey.answered(this, value);
  }

  protected onRefused(failure: RpcFailure): void {
    this.journey.failed(this, failure);
  }
}
