/** A node with one connection, without a handshake, whose peer may send anything; a new connection each time that one ends. */
import type { Clock } from '../../src/actor/clock.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import type { Process } from '../../src/actor/process.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { ETF_LIMITS } from '../../src/codec/etf/limits.ts';
import type { DistStream } from '../../src/dist/carrier.ts';
import type { DistContext } from '../../src/dist/context.ts';
import { DistEvents } from '../../src/dist/events.ts';
import { Exports } from '../../src/dist/exports.ts';
import { IdentityTable } from '../../src/dist/identity-table.ts';
import { Channel } from '../../src/dist/peer/channel.ts';
import { handle } from '../../src/dist/peer/incoming.ts';
import { Roots } from '../../src/dist/roots.ts';
import { OURS } from '../../src/dist/protocol/flags.ts';
import { Packets, packet } from '../../src/dist/protocol/packets.ts';
import { EventHub } from '../../src/mesh/events/hub.ts';
import { THEM, US } from './dist-inputs.ts';

const PACKET = 2_000_000;
/** Packets on one connection. */
const MANY = 200;

export class FuzzedNode {
  readonly #soon: (() => void)[] = [];
  readonly #runtime: Runtime;
  readonly #context: DistContext;
  readonly #hidden: Process[] = [];
  readonly #exported: Process;
  #heard = 0;
  #crashes = 0;
  #channel: Channel | undefined;
  #packets = 0;

  constructor() {
    const later = (run: () => void): void => void this.#soon.push(run);
    const clock: Clock = {
      now: () => 0,
      wall: () => 0,
      setTimer: () => ({}),
      clear: () => {},
      hold: () => {},
      soon: later,
      later,
    };
    const runtime = new Runtime({
      clock,
      random: seededRandom('fuzz'),
      logger: silentLogger,
      budget: { milliseconds: Infinity },
    });
    this.#runtime = runtime;
    runtime.onReport(({ tag }) => {
      if (tag === 'crash') this.#crashes++;
    });
    const isPrivate = (process: Process): boolean => this.#hidden.includes(process);
    this.#context = {
      runtime,
      ...US,
      cookie: () => '',
      allowed: undefined,
      keyOf: () => undefined,
      settings: { tickTime: 60_000, setupTime: 7_000, packet: PACKET, busy: PACKET, terms: ETF_LIMITS },
      identities: new IdentityTable(US, isPrivate),
      exports: new Exports({ math: { double: (value: number) => value } }, isPrivate, runtime.names, []),
      events: new DistEvents(() => {}),
      log: new EventHub(runtime),
      channels: new Map(),
      roots: new Roots(() => undefined),
    };
    this.#exported = this.#spawn(() => {});
    for (let count = 0; count < 2; count++) this.#hidden.push(this.#spawn(() => this.#heard++));
    this.#context.exports.register('echo', this.#exported);
    this.#context.identities.export(this.#exported);
  }

  /** Who was exported has ended: another node is needed. */
  get spent(): boolean {
    return !this.#exported.alive;
  }

  /** The peer sends that. Throws when a rule is broken. */
  take(bytes: Uint8Array): void {
    const channel = (this.#channel ??= this.#connect());
    channel.receive(packet(4, bytes) as Uint8Array);
    this.#settle();
    if (channel.open && ++this.#packets < MANY) return;
    this.#disconnect(channel);
  }

  #connect(): Channel {
    this.#packets = 0;
    const stream: DistStream = {
      peer: 'fuzzer',
      queued: 0,
      write: () => {},
      pause: () => {},
      resume: () => {},
      admit: () => {},
      close: () => {},
    };
    const packets = new Packets(PACKET);
    packets.up();
    return new Channel({
      context: this.#context,
      stream,
      packets,
      partner: { ...THEM, flags: OURS },
      handle,
      failed: () => {},
      replaced: () => {},
    });
  }

  #disconnect(channel: Channel): void {
    channel.close();
    this.#channel = undefined;
    const { relations } = channel;
    for (const [here, there] of Array.from(relations.links()))
      this.#runtime.linkBroken(here, there, 'noconnection');
    for (const { monitor } of relations.watched.values()) this.#runtime.demonitor(monitor);
    this.#settle();
  }

  #spawn(receive: () => void): Process {
    const process = this.#runtime.spawn({ type: 'Fuzzed', receive });
    process.trapExit = true;
    this.#runtime.activate(process);
    return process;
  }

  #settle(): void {
    for (let run = this.#soon.shift(); run !== undefined; run = this.#soon.shift()) run();
    if (this.#crashes > 0) throw new Error('somebody crashed');
    if (this.#heard > 0 || this.#hidden.some(({ alive }) => !alive))
      throw new Error('a hidden process was reached');
  }
}
