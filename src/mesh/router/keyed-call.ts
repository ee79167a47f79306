/**
 * The one run of a handler for all calls that carry the same idempotency key.
 *
 * It outlives whoever asked first: a caller whose connection broke asks again, and must find it running. Only when
 * all of them said that they no longer want it, it is canceled, and the key is free again. It has as long as whoever of
 * them waits longest.
 */
import type { CallFailure } from '../../actor/call.ts';
import type { Process } from '../../actor/process.ts';
import type { Value } from '../../codec/value.ts';
import { weightOf } from '../connection/weight.ts';
import type { MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { keyOfCall, type Outcome } from '../handlers/idempotency.ts';
import { scopedKey } from './key-scope.ts';
import { RpcCall, type Abandonable } from './rpc-call.ts';

/** What a failure weighs, bytes, about. */
const FAILURE = 512;

/** Gives a call with a key to a handler's process, or the outcome of those before it with the same key. */
export function giveKeyed(
  context: MeshContext,
  call: RpcCall,
  idempotencyKey: string,
  provider: { inFlight: number },
  process: Process,
): void {
  const { keyed } = context.routing;
  const now = context.runtime.clock.now();
  const key = keyOfCall(call.caller.nodeId, call.procedure, scopedKey(call, idempotencyKey));
  const entry = keyed.find(key, now);
  if (entry?.tag === 'done') {
    tell(call, entry.outcome, undefined);
    return;
  }
  if (entry?.tag === 'running') {
    entry.timeout = Math.max(entry.timeout, call.timeout);
    entry.running.attach(call);
    entry.running.prolong(call.deadline);
    return;
  }
  const run = new KeyedCall(context, call, key);
  keyed.begin(key, run, call.timeout, call.caller.nodeId);
  run.attach(call);
  run.assign(provider);
  context.runtime.call(process, run, Math.max(0, call.deadline - now));
}

function tell(call: RpcCall, outcome: Outcome, run: RpcCall | undefined): void {
  call.load = run?.load;
  if (outcome.tag === 'value') call.reply(outcome.value);
  else call.refuse(outcome.failure, run?.cause);
}

export class KeyedCall extends RpcCall {
  // the latest of those that wait for it
  declare deadline: number;
  readonly #context: MeshContext;
  readonly #key: string;
  readonly #waiting = new Set<RpcCall>();
  readonly #desk: Abandonable = { onAbandoned: (call, failure) => this.#left(call, failure) };
  /** Somebody was cut off, and may come back. */
  #expected = false;

  constructor(context: MeshContext, call: RpcCall, key: string) {
    super({
      procedure: call.procedure,
      args: call.args,
      timeout: call.timeout,
      deadline: call.deadline,
      caller: call.caller,
      trace: call.trace,
      // the outcome is kept, so it must be a copy
      fromPeer: false,
      idempotencyKey: call.idempotencyKey,
    });
    this.#context = context;
    this.#key = key;
  }

  /** One more that waits for the outcome. */
  attach(call: RpcCall): void {
    call.detach();
    call.worker = this.#desk;
    call.attempt = this;
    this.#waiting.add(call);
  }

  /** Somebody waits longer than those before. */
  prolong(deadline: number): void {
    if (deadline <= this.deadline) return;
    this.deadline = deadline;
    const { timers, clock } = this.#context.runtime;
    timers.set(this, Math.max(0, deadline - clock.now()));
  }

  #left(call: RpcCall, { tag, ...failure }: CallFailure): void {
    this.#waiting.delete(call);
    const reason = 'reason' in failure ? failure.reason : undefined;
    // a deadline or a lost connection may be followed by another try; whoever cancels wants no more
    if (tag !== 'canceled' || (reason !== undefined && reason !== 'canceled')) this.#expected = true;
    if (this.#waiting.size === 0 && !this.#expected) this.cancel(undefined);
  }

  protected onValue(value: Value): void {
    this.#end({ tag: 'value', value }, weightOf(value));
  }

  protected onRefused(failure: RpcFailure): void {
    const reason = failure.tag === 'handler_error' ? weightOf(failure.reason as Value) : 0;
    this.#end({ tag: 'failure', failure }, FAILURE + reason);
  }

  #end(outcome: Outcome, weight: number): void {
    const { routing, runtime } = this.#context;
    routing.keyed.end(this.#key, this, outcome, weight, runtime.clock.now());
    for (const call of this.#waiting) tell(call, outcome, this);
    this.#waiting.clear();
  }
}
