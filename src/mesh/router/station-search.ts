/**
 * One call's search among the stations that this one is peered with: each in its order, one after the other, until
 * one knows a provider. Source: SPEC §9, §2.4; DESIGN §8 "Not found".
 *
 * To ask a station is to search, not to try: it passes the call on if it knows somebody, and else says that it does
 * not. A station that is not connected is not waited for: its peering is being dialed meanwhile.
 */
import type { MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { inOrder, stationCandidates, type Candidate } from './candidates.ts';
import { isUnknown, wasSent } from './failover.ts';
import { askerOf, type RpcCall } from './rpc-call.ts';
import { HOP_LIMIT, nextTrail, type Trail } from './trail.ts';

const UNREACHABLE: RpcFailure = { tag: 'cross_relay_error', detail: 'relay_unreachable' };

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

  constructor(context: MeshContext, call: RpcCall) {
    this.#context = context;
    this.#call = call;
  }

  /** Whether this call may be passed on, and there is somebody to pass it on to. */
  get possible(): boolean {
    const { routing } = this.#context;
    const { reach, plan, trail } = this.#call;
    if (reach === 'here' || plan?.target !== undefined) return false;
    return routing.stations.all.length > 0 && (trail?.hops ?? 0) < HOP_LIMIT;
  }

  /** What a call says that is passed on in this search. */
  get trail(): Trail {
    return (this.#trail ??= nextTrail(this.#context, this.#call.trail));
  }

  restart(): void {
    // the same stations are asked again, and must not take it for a circle
    this.#trail = undefined;
    this.#asked.clear();
    this.#lost = false;
    this.#broken = this.#busy = undefined;
  }

  /** Those that are connected, in the order in which they are asked; not the one it came from. */
  candidates(): readonly Candidate[] {
    return stationCandidates(this.#context, this.#call.procedure, askerOf(this.#call));
  }

  next(candidates: readonly Candidate[]): Candidate | undefined {
    return inOrder(this.#context, candidates)[0];
  }

  /** A station answered with what a handler said: it is asked first the next time. */
  answered({ nodeId }: Candidate): void {
    const { routing, runtime } = this.#context;
    routing.stations.answered(this.#call.procedure, nodeId, runtime.clock.now());
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
    } else return false;
    this.#asked.add(nodeId);
    return true;
  }

  /** Nobody knew it. @param last why the last provider that was known otherwise did not answer. */
  verdict(last: RpcFailure | undefined): RpcFailure {
    const unasked = this.#isUnasked() ? UNREACHABLE : undefined;
    return (
      last ??
      this.#broken ??
      unasked ??
      this.#busy ??
      (this.#lost ? { tag: 'no_handler' } : { tag: 'procedure_not_found' })
    );
  }

  /** Somebody could not be asked. */
  #isUnasked(): boolean {
    const cameFrom = askerOf(this.#call);
    return this.#context.routing.stations.all.some(
      ({ nodeId, isSelf }) => !isSelf && (nodeId === '' || (nodeId !== cameFrom && !this.#asked.has(nodeId))),
    );
  }
}
