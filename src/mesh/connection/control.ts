/**
 * The control stream of a connection: hello, registrations, goodbye, pings.
 *
 * Until the hello is accepted only the hello is understood; anything else closes the connection.
 */
import type { Frame } from '../../codec/frame.ts';
import type { ConnectedPayload, ConnectPayload } from '../../codec/payloads.ts';
import type { From } from '../../otp/gen-server.ts';
import { Request } from '../../otp/server-ref.ts';
import { CloseCode } from '../../transport/transport.ts';
import { actor, shared, type MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { fromWire, toWire } from '../errors/wire.ts';
import type { Registered } from '../registry/registered.ts';
import { checkProcedureName } from '../topic/procedure-name.ts';
import {
  connectedPayload,
  connectPayload,
  judgeConnect,
  judgeConnected,
  refusal,
  type Self,
} from './hello.ts';
import type { ConnectionState } from './connection.ts';
import { keyOf } from './outgoing.ts';

/** Registrations asked for and not answered yet. */
const PENDING = 1_024;

export class ControlHandler {
  readonly #state: ConnectionState;
  /** Our requests, by request id. */
  readonly #asked = new Map<string, From>();
  /** What the peer registered here. */
  readonly #registered = new Set<string>();

  constructor(state: ConnectionState) {
    this.#state = state;
  }

  get #context(): MeshContext {
    return this.#state.context;
  }

  /** The link is open: the dialer speaks first, on all three streams. */
  hello(): void {
    const { core, context } = this.#state;
    if (core.link?.role !== 'dialer') return;
    const { random } = context.runtime;
    core.control.send('connect', connectPayload(this.#self(), false, random.bytes(32)));
    // a stream exists for the peer once something is on it
    for (const channel of [core.dht, core.rpc]) {
      channel.send('ping', {
        request_id: random.bytes(16),
        timestamp: Math.round(context.runtime.clock.wall()),
      });
    }
  }

  /** Accepted: the node learns who is connected. */
  announce(): void {
    const pool = actor(this.#context, 'peerPool');
    const { process, core } = this.#state;
    if (pool !== undefined) {
      this.#context.runtime.cast(
        pool,
        new Request('connected', { nodeId: core.peerId, connection: process }),
      );
    }
  }

  goodbye(): void {
    this.#state.core.control.send('disconnect', { reason: 'normal', message: '' });
  }

  onFrame(frame: Frame): void {
    const { core, lifecycle } = this.#state;
    if (!core.ready) {
      if (frame.type === 'connect' && core.link?.role === 'acceptor') this.#onConnect(frame.payload);
      else if (frame.type === 'connected' && core.link?.role === 'dialer') this.#onConnected(frame.payload);
      else if (frame.type === 'refused' && core.link?.role === 'dialer') {
        this.#state.refuse(refusal(frame.payload), CloseCode.refused, 'refused by the node');
      } else if (!lifecycle.matches('draining')) {
        core.link?.close(CloseCode.protocolError, `${frame.type} before the hello`);
      }
      return;
    }
    switch (frame.type) {
      case 'ping':
        core.control.send('pong', {
          request_id: frame.payload.request_id,
          timestamp: frame.payload.timestamp,
          server_time: Math.round(this.#context.runtime.clock.wall()),
        });
        return;
      case 'register_procedure':
        this.#onRegister(frame.payload.request_id, frame.payload.procedure, false);
        return;
      case 'unregister_procedure':
        this.#onRegister(frame.payload.request_id, frame.payload.procedure, true);
        return;
      case 'registered': {
        const { error, request_id: id } = frame.payload;
        const from = this.#take(id);
        from?.reply(error === undefined || error === null ? undefined : fromWire(error, 0));
        return;
      }
      case 'pong':
      case 'disconnect':
        return;
      default:
        this.#context.counters.unexpectedFrames++;
    }
  }

  /** Asks the peer to send us the calls of a procedure, or no longer. */
  register(procedure: string, remove: boolean, from: From): void {
    const { core } = this.#state;
    if (!core.ready) {
      from.reply({ tag: 'connection_error', sent: false, detail: 'not connected' } satisfies RpcFailure);
      return;
    }
    this.#forgetSettled();
    if (this.#asked.size >= PENDING) {
      from.reply({ tag: 'overloaded', bound: 'registrations' } satisfies RpcFailure);
      return;
    }
    const id = this.#context.runtime.random.bytes(16);
    this.#asked.set(keyOf(id), from);
    core.control.send(remove ? 'unregister_procedure' : 'register_procedure', { request_id: id, procedure });
  }

  /** The registry decided about a peer's wish. */
  answerRegistration(answer: Registered): void {
    const { requestId: id, failure } = answer;
    if (id.length === 0) return;
    this.#state.core.control.send(
      'registered',
      failure === undefined ? { request_id: id } : { request_id: id, error: toWire(failure) },
    );
  }

  /** A fresh registry hears again what the peer registered. */
  replay(): void {
    for (const procedure of this.#registered) this.#tellRegistry(new Uint8Array(0), procedure, false);
  }

  /** Nothing will be answered any more. */
  end(): void {
    for (const from of this.#asked.values()) {
      from.reply({
        tag: 'connection_error',
        sent: true,
        detail: 'the connection was lost',
      } satisfies RpcFailure);
    }
    this.#asked.clear();
  }

  #onConnect(payload: ConnectPayload): void {
    const { core, lifecycle } = this.#state;
    const peer = core.link?.peer;
    if (peer === undefined) return;
    const self = this.#self();
    const refused = judgeConnect(payload, peer, self);
    if (refused !== undefined) {
      core.control.send('refused', refused);
      this.#state.refuse(refusal(refused), CloseCode.refused, refused.message);
      return;
    }
    core.control.send('connected', connectedPayload(self, this.#context.runtime.random.bytes(32)));
    lifecycle.send({ type: 'accepted' });
  }

  #onConnected(payload: ConnectedPayload): void {
    const { core, lifecycle } = this.#state;
    const peer = core.link?.peer;
    if (peer === undefined) return;
    const refused = judgeConnected(payload, peer, this.#self());
    if (refused !== undefined)
      this.#state.refuse(refused, CloseCode.refused, 'the node is not the expected one');
    else lifecycle.send({ type: 'accepted' });
  }

  #onRegister(id: Uint8Array, procedure: string, remove: boolean): void {
    const name = checkProcedureName(procedure, this.#context.settings.names);
    if (!name.ok) {
      this.#answer(id, { tag: 'invalid_args', field: 'procedure', detail: name.error.reason });
      return;
    }
    if (this.#context.role !== 'node') {
      this.#answer(id, { tag: 'unauthorized', detail: 'a client serves nobody' });
      return;
    }
    if (remove) this.#registered.delete(procedure);
    else this.#registered.add(procedure);
    this.#tellRegistry(id, procedure, remove);
  }

  #tellRegistry(requestId: Uint8Array, procedure: string, remove: boolean): void {
    const registry = actor(this.#context, 'serviceRegistry');
    const { process, core } = this.#state;
    const wish = { connection: process, nodeId: core.peerId, requestId, procedure };
    const accepted =
      registry !== undefined &&
      this.#context.runtime.cast(registry, new Request(remove ? 'unregister' : 'register', wish));
    if (!accepted && requestId.length > 0) this.#answer(requestId, { tag: 'overloaded', bound: 'registry' });
  }

  #answer(id: Uint8Array, failure: RpcFailure): void {
    this.#state.core.control.send('registered', { request_id: id, error: toWire(failure) });
  }

  #take(id: Uint8Array): From | undefined {
    const key = keyOf(id);
    const from = this.#asked.get(key);
    this.#asked.delete(key);
    return from;
  }

  #forgetSettled(): void {
    if (this.#asked.size < PENDING) return;
    for (const [key, from] of this.#asked) if (from.settled) this.#asked.delete(key);
  }

  #self(): Self {
    const identity = shared(this.#context, 'identity');
    return {
      nodeId: identity?.nodeId ?? new Uint8Array(32),
      realm: this.#context.settings.realm,
      epoch: this.#context.epoch,
    };
  }
}
