/**
 * The events of calls: where they begin and what becomes of them. Each look costs one comparison while nobody
 * wants to know.
 */
import { channel, type Channel } from 'node:diagnostics_channel';
import type { Runtime } from '../../actor/runtime.ts';
import { weightOf } from '../connection/weight.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import type { CallObserver, RpcCall } from '../router/rpc-call.ts';
import { CallStatistics } from './call-statistics.ts';
import type { EventName, MeshEventName, MeshFields } from './catalogue.ts';

/**
 * `espalier:rpc.call` of `node:diagnostics_channel`: every call that begins at this process, with the fields of the
 * event `rpc.call`. Subscribers are under Node's own rule: what they throw is an uncaught exception.
 */
const RPC_CALL: Channel = channel('espalier:rpc.call');

/** Where they go. */
export interface Emitter {
  readonly wants: Readonly<Record<EventName, boolean>>;
  emit<Name extends MeshEventName>(name: Name, fields: MeshFields<Name>): void;
}

export class CallEvents implements CallObserver {
  /** Calls that ended with `connection_error`. */
  lost = 0;
  readonly statistics: CallStatistics;
  readonly #events: Emitter;
  readonly #runtime: Runtime;

  constructor(events: Emitter, runtime: Runtime) {
    this.#events = events;
    this.#runtime = runtime;
    this.statistics = new CallStatistics(runtime);
  }

  onCall(call: RpcCall): void {
    this.statistics.inFlight++;
    if (!this.#events.wants['rpc.call'] && !RPC_CALL.hasSubscribers) return;
    const { procedure, args, caller } = call;
    const fields = { procedure, args: 'object', size: weightOf(args), caller: caller.nodeId };
    this.#events.emit('rpc.call', fields);
    if (RPC_CALL.hasSubscribers) RPC_CALL.publish({ ...fields });
  }

  /** A call was refused here, perhaps before it was one. */
  onRefused(procedure: string, failure: RpcFailure): void {
    if (failure.tag === 'overloaded')
      this.#events.emit('overload.refused', { procedure, bound: failure.bound });
  }

  onSettled(call: RpcCall, failure: RpcFailure | undefined): void {
    this.statistics.settled(call, failure);
    if (failure?.tag === 'connection_error') this.lost++;
    // one that was sent was refused by the peer: that is the peer's to tell
    else if (failure?.tag === 'overloaded' && (call.attempt ?? call).stage !== 'sent')
      this.onRefused(call.procedure, failure);
    if (!this.#events.wants['rpc.completed']) return;
    const { procedure, route } = call;
    const ms = Math.round(10 * (this.#runtime.clock.now() - (call.deadline - call.timeout))) / 10;
    this.#events.emit('rpc.completed', { procedure, route, outcome: failure?.tag ?? 'ok', ms });
  }
}
