/**
 * One call's search among the stations that this one is peered with: each in its order, one after the other, until
 * one knows a provider. Source: SPEC §9, §2.4; DESIGN §8 "Not found".
 *
 * To ask a station is to search, not to try: it passes the call on if it knows somebody, and else says that it does
 * not. A station that is not connected is not waited for: its peering is being dialed meanwhile.
 *
 * What carries a key and was sent to one station goes to no other, unless its caller says that it may run twice: the
 * provider behind them may know its key only from the one that brought it first. How much is searched for is bounded:
 * `search-budgets.ts`, `unknown-names.ts`.
 */
import type { Value } from '../../codec/value.ts';
import { weightOf } from '../connection/weight.ts';
import type { MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { inOrder, stationCandidates, type Candidate } from './candidates.ts';
import { isUnknown, wasSent } from './failover.ts';
import { askerOf, type RpcCall } from './rpc-call.ts';
import { costOf, type GiveBack } from './search-budgets.ts';
import { HOP_LIMIT, nextTrail, type Trail } from './trail.ts';

const UNREACHABLE: RpcFailure = { tag: 'cross_relay_error', detail: 'relay_unreachable' };
const NOBODY: RpcFailure = { tag: 'procedure_not_found' };

export class StationSearch {
  readonly #context: MeshContext;
  readonly #call: RpcCall;
  #trail: Trail | undefined;
  /** Stations that were asked and answered, one way or another. */
  #asked = new Set<string>();
  /** A station had a provider that had lost its handler. */
  #lost = false;
  /** Why a station, or one behind it, could not be asked. */
  #broken: RpcFailure | undefined;
  /** A station had no room to look. */
  #busy: RpcFailure | undefined;
  /** Nobody is asked: why. */
  #refusal: RpcFailure | undefined;
  #giveBack: GiveBack | undefined;
  /** The caller has it repeated, or wants to know what is so now. */
  #isAnew: boolean;
  /** The one that it was sent to, of which it may have run: no other may be asked. */
  #bound: string | undefined;

  constructor(context: MeshContext, call: RpcCall) {
    this.#context = context;
    this.#call = call;
    this.#isAnew = call.plan?.forceRefresh === true;
  }

  /** Whether this call may be passed on, and there is somebody to pass it on to. */
  get possible(): boolean {
    const { routing } = this.#context;
    const { reach, plan, trail, stage, mayRunTwice } = this.#call;
    if (reach === 'here' || plan?.target !== undefined) return false;
    // whoever was tried before may be behind a station too
    if (stage === 'sent' && !mayRunTwice && !this.isBound) return false;
    return routing.stations.all.length > 0 && (trail?.hops ?? 0) < HOP_LIMIT;
  }

  /** What a call says that is passed on in this search. */
  get trail(): Trail {
    return (this.#trail ??= nextTrail(this.#context, this.#call.trail, askerOf(this.#call)));
  }

  /** Whether only one station may be asked, and nobody else at all. */
  get isBound(): boolean {
    return this.#bound !== undefined;
  }

  /** The search begins, if it may. */
  begin(): void {
    const { routing, runtime } = this.#context;
    const { procedure, args } = this.#call;
    const now = runtime.clock.now();
    if (!this.#isAnew && routing.unknown.has(procedure, now)) {
      this.#refusal = NOBODY;
      return;
    }
    // that is hardly a search
    if (routing.stations.hasAnswered(procedure, now)) return;
    const asker = askerOf(this.#call);
    const cost = costOf(weightOf(args as Value));
    this.#giveBack = routing.searchBudgets.take(asker, routing.stations.has(asker), cost, now);
    if (this.#giveBack === undefined) this.#refusal = { tag: 'overloaded', bound: 'searches' };
  }

  restart(): void {
    // the same stations are asked again, and must not take it for a circle
    this.#trail = undefined;
    this.#asked.clear();
    this.#lost = false;
    this.#broken = this.#busy = this.#refusal = undefined;
    this.#isAnew = true;
  }

  /** Those that are connected, in the order in which they are asked; not the one it came from. */
  candidates(): readonly Candidate[] {
    if (this.#refusal !== undefined) return [];
    const all = stationCandidates(this.#context, this.#call.procedure, askerOf(this.#call));
    return this.isBound ? all.filter(({ nodeId }) => nodeId === this.#bound) : all;
  }

  next(candidates: readonly Candidate[]): Candidate | undefined {
    return inOrder(this.#context, candidates)[0];
  }

  /** A station answered with what a handler said: it is asked first the next time. */
  answered({ nodeId }: Candidate): void {
    const { routing, runtime } = this.#context;
    const { procedure } = this.#call;
    routing.stations.answered(procedure, nodeId, runtime.clock.now());
    routing.unknown.forget(procedure);
    this.#giveBack?.();
    this.#giveBack = undefined;
  }

  /** Whether a station did not know, or could not look: the next one is asked, and nobody has been tried. */
  isSearched(candidate: Candidate, failure: RpcFailure): boolean {
    const { nodeId } = candidate;
    const { routing, standings } = this.#context;
    const { tag } = failure;
    if (tag === 'handler_error' || tag === 'handler_crash') {
      this.answered(candidate);
      return false;
    }
    routing.stations.failed(this.#call.procedure, nodeId);
    if (isUnknown(failure)) {
      // of a plain node that only means that it is not served there
      const isStation = standings.ready(nodeId, false)?.isStation === true;
      if (tag === 'no_handler' && isStation) this.#lost = true;
    } else if (tag === 'cross_relay_error') this.#broken ??= failure;
    else if (tag === 'overloaded') this.#busy = failure;
    else if (tag === 'connection_error' && !wasSent(failure)) {
      this.#broken ??= UNREACHABLE;
      return true;
    } else {
      if (wasSent(failure) && !this.#call.mayRunTwice) this.#bound = nodeId;
      return false;
    }
    this.#asked.add(nodeId);
    return true;
  }

  /** Nobody knew it. @param last why the last provider that was known otherwise did not answer. */
  verdict(last: RpcFailure | undefined): RpcFailure {
    const known = last ?? this.#refusal ?? this.#broken;
    if (known !== undefined) return known;
    if (this.#isUnasked()) return UNREACHABLE;
    if (this.#busy !== undefined) return this.#busy;
    if (this.#lost) return { tag: 'no_handler' };
    const { routing, runtime } = this.#context;
    if (this.#call.trail === undefined) routing.unknown.add(this.#call.procedure, runtime.clock.now());
    return NOBODY;
  }

  /** Somebody could not be asked. */
  #isUnasked(): boolean {
    const cameFrom = askerOf(this.#call);
    return this.#context.routing.stations.all.some(
      ({ nodeId, isSelf }) => !isSelf && (nodeId === '' || (nodeId !== cameFrom && !this.#asked.has(nodeId))),
    );
  }
}
