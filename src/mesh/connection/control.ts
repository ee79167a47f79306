/**
 * The control stream of a connection: hello, registrations, goodbye, pings.
 *
 * Until the hello is accepted only the hello is understood; anything else closes the connection.
 */
import type { Frame } from '../../codec/frame.ts';
import type { ConnectedPayload, ConnectPayload, ProcedurePayload } from '../../codec/payloads.ts';
import { Request } from '../../otp/server-ref.ts';
import type { From } from '../../otp/gen-server.ts';
import { CloseCode } from '../../transport/transport.ts';
import { actor, hex, shared, type MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { fromWire, toWire } from '../errors/wire.ts';
import { onTraversalFrame } from '../nat/traversal/frames.ts';
import { offerOf } from '../registry/offer.ts';
import type { Registered, Registration } from '../registry/registered.ts';
import type { Offer } from '../registry/service-table.ts';
import { checkProcedureName } from '../topic/procedure-name.ts';
import type { ConnectionState } from './connection-state.ts';
import type { Rejected } from './frame-routing.ts';
import {
  capabilitiesOf,
  keepsRecords,
  connectedPayload,
  connectPayload,
  judgeConnect,
  judgeConnected,
  refusal,
  type Self,
} from './hello.ts';
import { Enrolling } from './enrolling.ts';
import { ProvenMembership } from './proven-membership.ts';
import { NatFrames } from '../nat/detection/nat-frames.ts';
import { admits, isSmaller, overtaken, yields } from '../peer/takeover.ts';
import { keyOf } from './outgoing.ts';

/** Registrations of the peer that the registry has not answered. */
const PENDING = 1_024;

/** Milliseconds until a registry with a full mailbox is told again. */
const REPLAY_AGAIN = 100;

const GOODBYE = { reason: 'normal', message: '' } as const;

export class ControlHandler {
  readonly #state: ConnectionState;
  /** Only a client has one. */
  readonly #enrolling: Enrolling | undefined;
  readonly #membership: ProvenMembership;
  readonly nat: NatFrames;
  /** What the peer registered here, by procedure. */
  readonly #registered = new Map<string, Offer>();
  /** Its wishes that the registry has not answered, by request. */
  readonly #asking = new Map<string, Registration>();
  /** What our hello said. */
  #seed: Uint8Array = new Uint8Array(0);
  /** The peer has said goodbye. */
  #leaving = false;

  constructor(state: ConnectionState) {
    this.#state = state;
    const { context, core, process } = state;
    this.#enrolling = context.role === 'client' ? new Enrolling(context, core.control, process) : undefined;
    this.#membership = new ProvenMembership(state);
    this.nat = new NatFrames(context, () => core.standing);
  }

  get #context(): MeshContext {
    return this.#state.context;
  }

  /** The link is open: the dialer speaks first, on all three streams. */
  hello(): void {
    const { core, context } = this.#state;
    if (core.link?.role !== 'dialer') return;
    const { random } = context.runtime;
    this.#seed = random.bytes(32);
    const standing = context.standings.find(this.#state.process);
    if (standing !== undefined) standing.greeted = true;
    const have = context.standings.have(core.peerId, this.#state.process);
    core.control.send('connect', connectPayload(this.#self(), { have, holds: this.#holds }, this.#seed));
    // a stream exists for the peer once something is on it: a pong, which nobody answers
    const timestamp = Math.round(context.runtime.clock.wall());
    for (const channel of [core.dht, core.rpc])
      channel.send('pong', { request_id: random.bytes(16), timestamp, server_time: timestamp });
  }

  /** The node learns who is connected. */
  introduce(): void {
    const pool = actor(this.#context, 'peerPool');
    const { process, core } = this.#state;
    if (pool !== undefined) {
      this.#context.runtime.cast(
        pool,
        new Request('connected', {
          nodeId: core.peerId,
          connection: process,
          epoch: core.hello?.epoch,
          holds: core.hello?.holds === true,
        }),
      );
    }
  }

  /** A client registers at its node what it should serve. */
  enroll(): void {
    this.#enrolling?.all();
  }

  /** A client says whether it serves a procedure now. */
  announce(procedure: string, from: From): void {
    const enrolling = this.#enrolling;
    if (this.#state.core.ready && enrolling !== undefined) enrolling.one(procedure, from);
    else from.reply({ tag: 'connection_error', sent: false, detail: 'not connected' } satisfies RpcFailure);
  }

  /** We are closing: asks the peer for no new calls. It answers behind the last one, on the rpc stream. */
  goodbye(): void {
    this.#state.core.control.send('disconnect', GOODBYE);
  }

  /** The answer to the peer's goodbye: no call of ours comes after it. */
  farewell(): void {
    const { core } = this.#state;
    core.outgoing.stop(() => {
      core.rpc.send('disconnect', GOODBYE);
    });
  }

  onFrame(frame: Frame): void {
    const { core } = this.#state;
    if (!core.ready) {
      this.#beforeHello(frame);
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
        this.#onRegister(frame.payload, false);
        return;
      case 'unregister_procedure':
        this.#onRegister(frame.payload, true);
        return;
      case 'registered': {
        const { error, request_id: id } = frame.payload;
        this.#enrolling?.answered(id, error === undefined || error === null ? undefined : fromWire(error, 0));
        return;
      }
      case 'disconnect':
        this.#onGoodbye();
        return;
      case 'pong':
        return;
      case 'nat_probe':
      case 'nat_probe_reply':
      case 'dial_back':
        this.nat.onFrame(frame);
        return;
      default:
        if (!this.#traverses(frame)) this.#context.counters.unexpectedFrames++;
    }
  }

  #traverses(frame: Frame): boolean {
    const { standing } = this.#state.core;
    return standing !== undefined && onTraversalFrame(this.#context, standing, frame);
  }

  /** A frame of the control stream that broke a rule. */
  onRejected({ type, correlation }: Rejected): void {
    const { core } = this.#state;
    if (!core.ready) {
      core.close(CloseCode.protocolError, 'a malformed frame before the hello');
      return;
    }
    if (correlation?.field !== 'request_id') return;
    const { id } = correlation;
    if (type === 'nat_probe_reply') this.nat.onBadAnswer(id);
    else if (type === 'registered') {
      this.#enrolling?.answered(id, { tag: 'protocol_error', detail: 'the answer cannot be decoded' });
    } else if (type === 'register_procedure' || type === 'unregister_procedure') {
      this.#answer(id, { tag: 'invalid_args', field: 'procedure', detail: 'missing or malformed' });
    }
  }

  /** The registry decided about a wish of the peer. */
  answerRegistration({ registration, failure }: Registered): void {
    const { procedure, offer, remove, requestId } = registration;
    // a registry that was restarted in between may answer twice
    if (!this.#asking.delete(keyOf(requestId))) return;
    if (remove) this.#registered.delete(procedure);
    else if (failure === undefined) this.#registered.set(procedure, offer);
    this.#answer(requestId, failure);
  }

  /** A fresh registry hears again what the peer registered. */
  replay(): void {
    const registry = actor(this.#context, 'serviceRegistry');
    const { process, core } = this.#state;
    if (registry === undefined) return;
    const { runtime } = this.#context;
    const enrollment = { connection: process, nodeId: core.peerId, procedures: new Map(this.#registered) };
    if (!runtime.cast(registry, new Request('enroll', enrollment))) {
      runtime.workAfter(REPLAY_AGAIN, process, () => this.replay());
      return;
    }
    for (const wish of this.#asking.values()) runtime.cast(registry, new Request('register', wish));
    if (this.#leaving) runtime.cast(registry, new Request('goodbye', process));
    else if (core.prober.suspect) this.trust(false);
  }

  /** Providers behind a peer that does not answer are a last resort. */
  trust(trusted: boolean): void {
    const registry = actor(this.#context, 'serviceRegistry');
    if (registry === undefined || this.#context.role !== 'node') return;
    const connection = this.#state.process;
    this.#context.runtime.cast(registry, new Request('trust', { connection, trusted }));
  }

  /** Nothing will be answered any more. */
  end(): void {
    this.#enrolling?.end();
  }

  #beforeHello(frame: Frame): void {
    const { core, lifecycle } = this.#state;
    const role = core.link?.role;
    if (frame.type === 'connect' && role === 'acceptor') this.#onConnect(frame.payload);
    else if (frame.type === 'connected' && role === 'dialer' && this.#seed.length > 0)
      this.#onConnected(frame.payload);
    else if (frame.type === 'refused' && role === 'dialer') {
      this.#state.refuse(refusal(frame.payload), CloseCode.refused, 'refused by the node');
    } else if (!lifecycle.matches('draining')) {
      core.close(CloseCode.protocolError, `${frame.type} before the hello`);
    }
  }

  #onConnect(payload: ConnectPayload): void {
    const { core, lifecycle } = this.#state;
    const peer = core.link?.peer;
    if (peer === undefined) return;
    const self = this.#self();
    const refused =
      judgeConnect(payload, peer, self) ?? this.#membership.judge(payload.realm_proof, peer.nodeId);
    if (refused !== undefined) {
      core.control.send('refused', refused);
      this.#state.refuse(refusal(refused), CloseCode.refused, refused.message);
      return;
    }
    const holds = this.#holds;
    const rather = this.#rather(payload);
    if (rather !== undefined) {
      core.close(CloseCode.duplicate, rather);
      return;
    }
    const seed = this.#context.runtime.random.bytes(32);
    const { epoch, capabilities } = payload;
    core.hello = {
      epoch,
      holds: payload.holds === true,
      capabilities,
      ourSeed: seed,
      theirSeed: payload.seed,
    };
    core.link?.keyPaths(seed, payload.seed);
    core.control.send('connected', connectedPayload(self, seed, holds));
    this.#membership.begin();
    lifecycle.send({ type: 'accepted' });
  }

  /**
   * Whether there is another connection to the peer. A client says no: it looks after its connections itself, and ends
   * the one it gives up.
   */
  get #holds(): boolean {
    const { context, process, core } = this.#state;
    if (context.role === 'client') return false;
    return [...context.standings.of(core.peerId)].some(
      (other) => other.process !== process && other.readySince !== undefined,
    );
  }

  /**
   * What this peer's hello is refused for: the epoch in hex of whose connection stays; undefined when it is
   * accepted, and what must yield to it ends.
   */
  #rather(payload: ConnectPayload): string | undefined {
    const { standings, runtime } = this.#context;
    const { process, core } = this.#state;
    const smaller = isSmaller(this.#self().nodeId, payload.node_id);
    // in the order in which they were proven
    const all = [...standings.of(core.peerId)];
    const at = all.findIndex((other) => other.process === process);
    if (overtaken(all.slice(at + 1), payload)) return hex(payload.epoch);
    // one that has said goodbye ends by itself
    const others = all.filter((other) => other.process !== process && !other.leaving);
    const now = runtime.clock.now();
    if (!others.every((other) => admits(other, payload, smaller, now))) return hex(this.#context.epoch);
    for (const other of others) if (yields(other)) other.replace(hex(payload.epoch));
    const own = standings.find(process);
    if (own !== undefined) own.epoch = payload.epoch;
    return undefined;
  }

  #onConnected(payload: ConnectedPayload): void {
    const { core, lifecycle } = this.#state;
    const peer = core.link?.peer;
    if (peer === undefined) return;
    const foreign = this.#membership.judge(payload.realm_proof, peer.nodeId);
    const refused =
      judgeConnected(payload, peer, this.#self()) ?? (foreign === undefined ? undefined : refusal(foreign));
    if (refused !== undefined) {
      this.#state.refuse(refused, CloseCode.refused, 'the node is not the expected one');
      return;
    }
    core.hello = {
      epoch: undefined,
      holds: payload.holds === true,
      capabilities: payload.capabilities ?? [],
      ourSeed: this.#seed,
      theirSeed: payload.seed,
    };
    core.link?.keyPaths(this.#seed, payload.seed);
    this.#membership.begin();
    lifecycle.send({ type: 'accepted' });
  }

  #onRegister(payload: ProcedurePayload, remove: boolean): void {
    const { request_id: requestId, procedure } = payload;
    const { process, core } = this.#state;
    const offer = offerOf(payload);
    const refused = this.#judge(procedure) ?? (offer.ok ? undefined : offer.failure);
    if (refused !== undefined || !offer.ok) {
      this.#answer(requestId, refused);
      return;
    }
    const registry = actor(this.#context, 'serviceRegistry');
    const wish: Registration = {
      connection: process,
      nodeId: core.peerId,
      requestId,
      procedure,
      offer: offer.value,
      remove,
    };
    if (registry === undefined || this.#context.runtime.cast(registry, new Request('register', wish))) {
      // while the registry is being restarted it waits for the replay
      this.#asking.set(keyOf(requestId), wish);
    } else this.#answer(requestId, { tag: 'overloaded', bound: 'registry' });
  }

  #judge(procedure: string): RpcFailure | undefined {
    const name = checkProcedureName(procedure, this.#context.settings.names);
    if (!name.ok) return { tag: 'invalid_args', field: 'procedure', detail: name.error.reason };
    if (this.#context.role !== 'node') return { tag: 'unauthorized', detail: 'a client serves nobody' };
    return this.#asking.size >= PENDING ? { tag: 'overloaded', bound: 'registrations' } : undefined;
  }

  /** The peer finishes what runs; it wants no new calls. */
  #onGoodbye(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#state.leave();
    this.#registered.clear();
    const registry = actor(this.#context, 'serviceRegistry');
    if (registry === undefined) this.farewell();
    else this.#context.runtime.cast(registry, new Request('goodbye', this.#state.process));
  }

  #answer(id: Uint8Array, failure: RpcFailure | undefined): void {
    this.#state.core.control.send(
      'registered',
      failure === undefined ? { request_id: id } : { request_id: id, error: toWire(failure) },
    );
  }

  #self(): Self {
    const { role, settings } = this.#context;
    const identity = shared(this.#context, 'identity');
    return {
      nodeId: identity?.nodeId ?? new Uint8Array(32),
      realm: settings.realm,
      epoch: this.#context.epoch,
      proof: this.#membership.proof,
      capabilities: capabilitiesOf(role, keepsRecords(settings), settings.station !== undefined),
    };
  }
}
