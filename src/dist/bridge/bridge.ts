/**
 * What a bridge decides: which local node is which, where others are reached, and who comes in (DIST §8, way A).
 *
 * A local Erlang node registers at the emulation of EPMD and is known by its name at the relays. Whoever it looks for gets a door; who
 * looks for it comes through a tunnel and is connected to its port.
 */
import { connect } from 'node:net';
import type { NameScope } from '../../actor/names.ts';
import type { Process } from '../../actor/process.ts';
import type { Runtime } from '../../actor/runtime.ts';
import { startDynamicChild } from '../../otp/dynamic-supervisor.ts';
import { ServerRef } from '../../otp/server-ref.ts';
import { worker } from '../../otp/supervisor.ts';
import type { EventHub } from '../../mesh/events/hub.ts';
import { tuned } from '../carriers/tcp/socket-stream.ts';
import { aliveOf } from '../node-name.ts';
import type { IncomingTunnel } from '../relay/client/client-tunnel.ts';
import type { DistRelayClient } from '../relay/client/relay-client.ts';
import { doorServer, type DoorCalls } from './door.ts';
import type { EpmdDesk } from './epmd-server.ts';
import { splice } from './splice.ts';
import { targetsOf, type KnownNodes } from './targets.ts';

/** Doors at once: nodes that were looked for. */
export const MOST_DOORS = 1_024;
/** Milliseconds for a local node to take a connection. */
const REACH = 5_000;

export interface BridgeContext {
  readonly runtime: Runtime;
  /** Where `doors` is found. */
  readonly scope: NameScope;
  readonly events: EventHub;
  /** Of the local node: `a@127.0.0.1`. */
  readonly name: string;
  /** Where doors listen, and local nodes are: a loopback address. */
  readonly host: string;
  /** Nodes elsewhere. */
  readonly known: KnownNodes;
  readonly client: DistRelayClient;
}

export class Bridge implements EpmdDesk {
  readonly #context: BridgeContext;
  /** By the short names of nodes, as they are being opened. */
  readonly #doors = new Map<string, Promise<Process | undefined>>();
  /** Where the local node listens; undefined: it is not there. */
  #port: number | undefined;

  constructor(context: BridgeContext) {
    this.#context = context;
    context.client.setKernel((tunnel) => this.#arrived(tunnel));
  }

  /** Whether the local node is registered. */
  get isRegistered(): boolean {
    return this.#port !== undefined;
  }

  register({ name, port }: { readonly name: string; readonly port: number }): string | undefined {
    const { name: own, events } = this.#context;
    if (name !== aliveOf(own)) return `this bridge is for ${own}, not for ${name}`;
    this.#port = port;
    events.emit('bridge.registered', { node: own, port });
    return undefined;
  }

  unregistered(name: string): void {
    const { name: own, events } = this.#context;
    if (name !== aliveOf(own) || this.#port === undefined) return;
    this.#port = undefined;
    events.emit('bridge.unregistered', { node: own });
  }

  async portOf(name: string): Promise<number | undefined> {
    const door = await this.#door(name);
    if (door === undefined) return undefined;
    // asked each time: one that is asked for stays
    return new ServerRef<DoorCalls>(this.#context.runtime, door).call('port').catch(() => undefined);
  }

  refused(peer: string, detail: string): void {
    this.#context.events.emit('bridge.refused', { address: peer, reason: detail });
  }

  #door(alive: string): Promise<Process | undefined> {
    const known = this.#doors.get(alive);
    if (known !== undefined) return known;
    const opening = this.#open(alive);
    const forget = (): void => {
      if (this.#doors.get(alive) === opening) this.#doors.delete(alive);
    };
    this.#doors.set(alive, opening);
    opening.then((door) => {
      if (door === undefined) forget();
      else this.#context.runtime.onExit(door, forget);
    }, forget);
    return opening;
  }

  async #open(alive: string): Promise<Process | undefined> {
    const { scope, host, client, known, events } = this.#context;
    const failed = (why: string): void => events.emit('bridge.unreached', { node: alive, reason: why });
    const doors = scope.whereis('doors') as Process | undefined;
    if (doors === undefined) return undefined;
    const args = { targets: targetsOf(alive, known), host, client, failed };
    const result = await startDynamicChild(doors, worker(alive, doorServer, args, { restart: 'temporary' }));
    return result.tag === 'ok' ? (result.pid as Process) : undefined;
  }

  /** Somebody elsewhere wants to reach the local node. */
  #arrived({ stream, peer }: IncomingTunnel): void {
    const { host, name, events, runtime } = this.#context;
    const port = this.#port;
    if (port === undefined) {
      events.emit('bridge.unreached', {
        node: name,
        reason: `${peer} looks for it, and it is not registered`,
      });
      stream.destroy();
      return;
    }
    const socket = connect({ host, port, noDelay: true });
    const end = (): void => void socket.destroy();
    const lose = (): void => void stream.destroy();
    socket.setTimeout(REACH, end);
    socket.once('error', end);
    socket.once('close', lose);
    stream.once('close', end);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('timeout', end);
      // from here on an end is not a cut
      socket.off('close', lose);
      stream.off('close', end);
      splice(tuned(socket), stream, runtime.clock);
    });
  }
}
