/**
 * One call on its way, from wherever it came to whoever answers it.
 *
 * It is a kernel `Call`: held by the router, then by a handler's process or a connection; the death of its
 * holder, the deadline, a cancellation or the reply settles it, once. Subclasses say where the outcome goes.
 */
import { Call, type CallFailure } from '../../actor/call.ts';
import { isOrderly } from '../../actor/exit-reason.ts';
import type { Process } from '../../actor/process.ts';
import type { TracePayload } from '../../codec/payloads.ts';
import type { Value, ValueMap } from '../../codec/value.ts';
import type { Route } from '../errors/rpc-error.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import type { Attempt, Explanation } from './explanation.ts';
import type { CallPlan } from './plan.ts';
import type { Trail } from './trail.ts';

/** Who asks: the proven node id in hex, and whether the call came over a connection. */
export interface Caller {
  readonly nodeId: string;
  readonly local: boolean;
  /** Hex id of the station that passed the call on, when it is this station, a peer of ours, that says who asks. */
  readonly via?: string;
}

export interface CallInit {
  readonly procedure: string;
  /** Normalized and frozen. */
  readonly args: ValueMap;
  /** The whole budget in ms. */
  readonly timeout: number;
  /** Monotonic ms at which it is over. */
  readonly deadline: number;
  readonly caller: Caller;
  readonly trace: TracePayload | undefined;
  /** True when a connected peer asked. */
  readonly fromPeer: boolean;
  readonly idempotencyKey?: string | undefined;
  readonly idempotent?: boolean;
  readonly observer?: CallObserver | undefined;
  /** How far it may travel from here. Default `all`. */
  readonly reach?: Reach;
  /** What its caller wants of the routing; undefined: nothing special. */
  readonly plan?: CallPlan | undefined;
  /** Stations only: of a call that another station passed on, or of an attempt that is passed on. */
  readonly trail?: Trail | undefined;
  /** A station that we are peered with passed it on: its key says already whose it is. */
  readonly relayed?: boolean;
}

/**
 * Where a call may be answered. `here`: at this node or by its clients, for the asker is a node and finds others by
 * itself. `mesh`: also elsewhere, but not by asking neighbors, for somebody has done that before. `all`: anywhere.
 */
export type Reach = 'here' | 'mesh' | 'all';

/** Whoever wants to know of calls: told of each when it begins and when it is settled. */
export interface CallObserver {
  onCall(call: RpcCall): void;
  onSettled(call: RpcCall, failure: RpcFailure | undefined): void;
}

/** The peer that a lookup for a call is counted to; empty: none, it is ours. */
export const askerOf = ({ caller }: Pick<RpcCall, 'caller'>): string =>
  caller.local ? '' : (caller.via ?? caller.nodeId);

/** What has become of a call; decides what a failure means. */
export type Stage = 'routing' | 'queued' | 'running' | 'waiting' | 'sent';

const LOST: Readonly<Record<Stage, string>> = {
  routing: 'the router is being restarted',
  queued: 'the procedure was restarted',
  running: 'the provider is closing',
  waiting: 'the connection was lost',
  sent: 'the connection was lost',
};

/** A process that wants to hear when a call it works on was given up. */
export interface Abandonable {
  onAbandoned(call: RpcCall, failure: CallFailure): void;
}

/** Looks after a call that somebody wants to give back. */
export interface Rescuer {
  /** True when the call goes another way: it must then not be settled. `failure` undefined: its holder died. */
  rescue(call: RpcCall, failure: RpcFailure | undefined): boolean;
}

const NONE: readonly Attempt[] = Object.freeze([]);

export abstract class RpcCall extends Call {
  // set by the constructor: see TimerEntry
  declare readonly procedure: string;
  declare readonly args: ValueMap;
  declare readonly timeout: number;
  declare readonly deadline: number;
  declare readonly caller: Caller;
  declare readonly trace: TracePayload | undefined;
  declare readonly fromPeer: boolean;
  declare readonly idempotencyKey: string | undefined;
  /** It may run again, at least at another provider. */
  declare readonly idempotent: boolean;
  /** It may run again anywhere: its caller said so, and not only marked its repetitions with a key. */
  declare readonly mayRunTwice: boolean;
  declare readonly reach: Reach;
  declare readonly plan: CallPlan | undefined;
  declare readonly trail: Trail | undefined;
  declare readonly relayed: boolean;
  declare stage: Stage;
  declare route: Route;
  /** Hex id of the node that serves it. */
  declare servedBy: string;
  /** What a handler threw; for local callers only. */
  declare cause: unknown;
  /** Told when the caller gives up; set by whoever works on the call. */
  declare worker: Abandonable | null;
  /** The provider it was given to; counts it as in flight. */
  declare provider: { inFlight: number } | null;
  /** Calls the provider has in hand besides, once this one is settled; undefined when nobody said. */
  declare load: number | undefined;
  /** Where a connection keeps it; written by that connection. */
  declare ticket: string | null;
  /** The process that runs its handler; kept when the call has been given up. */
  declare lastHolder: Process | null;
  /** Asked before it is refused; null: nobody. */
  declare rescuer: Rescuer | null;
  /** The call that is made on its behalf now. */
  declare attempt: RpcCall | null;
  /** Providers that were tried and failed, in order. */
  declare attempts: readonly Attempt[];
  /** It was repeated as often as its caller wanted. */
  declare exhausted: boolean;
  /** How it came to its provider, for callers who asked. */
  declare explanation: Explanation | undefined;
  declare protected failure: RpcFailure | undefined;
  declare protected observer: CallObserver | undefined;

  constructor(init: CallInit) {
    super();
    this.procedure = init.procedure;
    this.args = init.args;
    this.timeout = init.timeout;
    this.deadline = init.deadline;
    this.caller = init.caller;
    this.trace = init.trace;
    this.fromPeer = init.fromPeer;
    this.idempotencyKey = init.idempotencyKey;
    this.mayRunTwice = init.idempotent === true;
    this.idempotent = this.mayRunTwice || init.idempotencyKey !== undefined;
    this.reach = init.reach ?? 'all';
    this.plan = init.plan;
    this.trail = init.trail;
    this.relayed = init.relayed === true;
    this.stage = 'routing';
    this.route = 'local';
    this.servedBy = '';
    this.cause = undefined;
    this.worker = null;
    this.provider = null;
    this.load = undefined;
    this.ticket = null;
    this.lastHolder = null;
    this.rescuer = null;
    this.attempt = null;
    this.attempts = NONE;
    this.exhausted = false;
    this.explanation = undefined;
    this.failure = undefined;
    this.observer = init.observer;
    this.observer?.onCall(this);
  }

  get request(): this {
    return this;
  }

  /** Ends the call with a failure, by whoever works on it. False when it was settled before. */
  refuse(failure: RpcFailure, cause?: unknown): boolean {
    if (this.settled || this.rescuer?.rescue(this, failure) === true) return false;
    this.failure = failure;
    this.cause = cause;
    return super.fail({ tag: 'canceled', reason: undefined });
  }

  /** One whose holder died before it was given to anybody goes on. */
  override fail(failure: CallFailure): boolean {
    if (this.settled) return false;
    const lost = failure.tag === 'exit' && this.stage === 'routing';
    if (lost && this.rescuer?.rescue(this, undefined) === true) return false;
    return super.fail(failure);
  }

  /** Ends the call with a failure, by its caller: who works on it stops. False when it was settled before. */
  giveUp(failure: RpcFailure): boolean {
    if (this.settled) return false;
    this.failure = failure;
    return this.cancel(undefined);
  }

  /** Gives the call to a provider. */
  assign(provider: { inFlight: number }): void {
    this.provider = provider;
    provider.inFlight++;
  }

  #release(): void {
    this.worker = null;
    this.rescuer = null;
    this.withdraw();
  }

  /** Takes the call back from its provider. */
  withdraw(): void {
    if (this.provider === null) return;
    this.load = --this.provider.inFlight;
    this.provider = null;
  }

  /** Who it is with may be lost. What may run twice, and has somebody else to go to, goes. */
  onDoubted(): void {}

  protected override onReply(value: unknown): void {
    this.#release();
    this.observer?.onSettled(this, undefined);
    this.onValue(value as Value);
  }

  protected override onFailure(failure: CallFailure): void {
    this.#release();
    const told = this.failure ?? this.#explain(failure);
    this.observer?.onSettled(this, told);
    this.onRefused(told);
  }

  protected override onAbandoned(_holder: Process | null, failure: CallFailure): void {
    this.worker?.onAbandoned(this, failure);
  }

  protected abstract onValue(value: Value): void;
  protected abstract onRefused(failure: RpcFailure): void;

  /** Whether a handler may have begun to run. */
  get mayHaveRun(): boolean {
    return this.stage === 'running' || this.stage === 'sent' || this.attempt?.mayHaveRun === true;
  }

  #explain(failure: CallFailure): RpcFailure {
    switch (failure.tag) {
      case 'timeout':
        return { tag: 'timeout', timeout: this.timeout, sent: this.mayHaveRun };
      case 'canceled':
        return { tag: 'canceled' };
      case 'overloaded':
        return { tag: 'overloaded', bound: failure.bound };
      case 'exit':
        return this.#lost(failure.holder, failure.reason);
    }
  }

  /** Whoever held it is dead. An orderly end in the middle of a call is the node's or the client's own. */
  #lost(holder: Process | null, reason: unknown): RpcFailure {
    if (this.stage === 'running' && holder !== null && !isOrderly(reason)) {
      return { tag: 'handler_crash', id: holder.runtime.reportCrash(holder, reason), reason: 'killed' };
    }
    return { tag: 'connection_error', sent: this.mayHaveRun, detail: LOST[this.stage] };
  }
}
