/**
 * The dials of the peer pool: connections that are being made, each for one wish.
 *
 * A dial that is given up closes its connection, and gives its session with a station back once that has said so through it.
 * Driven by the pool's actor alone.
 */
import type { Process, Self } from '../../actor/process.ts';
import type { TimerEntry } from '../../actor/timers.ts';
import { startDynamicChild } from '../../otp/dynamic-supervisor.ts';
import { CloseCode, type PhysicalAddress } from '../../transport/transport.ts';
import { connectionSpec } from '../connection/connection.ts';
import { ConnectionCore } from '../connection/core.ts';
import { Close } from '../connection/messages.ts';
import { actor, type MeshContext } from '../context.ts';
import { leaveRelay } from '../relay/relay-end.ts';
import { sessionAt, type OwnSession } from '../relay/relays.ts';
import { isWay } from './relay-hint.ts';
import { stationOf } from './way-notes.ts';
import { AttemptOver, type Wish } from './wish.ts';

export interface Dial {
  readonly process: Process;
  readonly core: ConnectionCore;
  /** `host:port`, or `relay:` and a session. */
  readonly address: string;
  readonly wish: Wish;
  readonly timer: TimerEntry;
  /** When it was begun, clock ms. */
  readonly since: number;
  /** Hex id of the station through which it goes; empty: through none. */
  readonly stationId: string;
}

export class Dials {
  readonly #context: MeshContext;
  readonly #self: Self;
  readonly #dials = new Map<Process, Dial>();
  /** Connections through stations that were given up and have not ended, and their addresses. */
  readonly #parting = new Map<Process, string>();

  constructor(context: MeshContext, self: Self) {
    this.#context = context;
    this.#self = self;
  }

  get size(): number {
    return this.#dials.size;
  }

  find(process: Process): Dial | undefined {
    return this.#dials.get(process);
  }

  /** False when no connection can be started. @param time ms for handshake and hello. */
  begin(wish: Wish, address: string, at: PhysicalAddress, time: number): boolean {
    const connections = actor(this.#context, 'connections');
    const core = new ConnectionCore(this.#context);
    const expectedId = wish.nodeId === undefined ? undefined : Buffer.from(wish.nodeId, 'hex');
    const dial = { address: at, expectedId, tls: wish.toStation };
    const watcher = this.#self as Process;
    const spec = connectionSpec({ context: this.#context, core, dial, watcher, hold: true });
    const result = connections === undefined ? undefined : startDynamicChild(connections, spec);
    if (result === undefined || result instanceof Promise || result.tag !== 'ok') return false;
    const process = result.pid as Process;
    this.#self.monitor(process);
    const timer = this.#self.sendAfter(time, new AttemptOver(process));
    const since = this.#self.clock.now();
    const stationId = stationOf(this.#context, address);
    this.#dials.set(process, { process, core, address, wish, timer, since, stationId });
    wish.dialed(process, address);
    return true;
  }

  /** It is no dial any more: it has become the connection, or has ended. */
  remove({ process, timer, wish }: Dial): void {
    timer.unset();
    this.#dials.delete(process);
    wish.dials.delete(process);
  }

  /** Nobody needs it. */
  drop(dial: Dial): void {
    const { process, address } = dial;
    this.remove(dial);
    if (isWay(address)) this.#parting.set(process, address);
    this.#self.send(process, new Close(CloseCode.normal));
  }

  /** A process that was monitored has ended. The dial that it was, unless that was given up before. */
  ended(process: Process): Dial | undefined {
    const dial = this.#dials.get(process);
    if (dial !== undefined) this.remove(dial);
    const address = dial?.address ?? this.#parting.get(process);
    this.#parting.delete(process);
    if (address !== undefined) this.leave(address);
    return dial;
  }

  /** Gives the session of a relayed address back that no connection was made through. */
  leave(address: string): void {
    const session = this.#session(address);
    if (session !== undefined) leaveRelay(this.#context, session, 'unused');
  }

  /** Whether a relayed address has its session still. */
  isOpen(address: string): boolean {
    return this.#session(address) !== undefined;
  }

  #session(address: string): OwnSession | undefined {
    return sessionAt(this.#context.relays, { host: address, port: 0 });
  }

  /** The dials of a wish that have not been told to say hello. */
  silent({ dials, winner }: Wish): readonly Dial[] {
    const found: Dial[] = [];
    for (const process of dials.keys()) {
      const dial = process === winner ? undefined : this.#dials.get(process);
      if (dial !== undefined) found.push(dial);
    }
    return found;
  }
}
