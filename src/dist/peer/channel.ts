/**
 * The connection to one node while it is up: packets in, packets out, and what both nodes know of each other's processes.
 *
 * Driven by direct calls: of the stream, of local signals, of a timer. Its actor owns its life. Bytes that come faster than they are
 * worked off are held back at the peer; each turn takes so many packets that others have theirs.
 */
import { readTerm, type DecodeOptions } from '../../codec/etf/decode.ts';
import type { Tuple } from '../../codec/etf/terms.ts';
import { PidTerm } from '../../codec/etf/identities.ts';
import type { DistStream } from '../carrier.ts';
import type { DistContext } from '../context.ts';
import { readControl, type Control, type Dialect } from '../protocol/control.ts';
import { FLAG, meaning } from '../protocol/flags.ts';
import type { Packets } from '../protocol/packets.ts';
import { Calls } from './calls.ts';
import { Outbox, type Posted } from './outbox.ts';
import { Relations } from './relations.ts';
import { Spawns } from './spawn-table.ts';

const PASS_THROUGH = 112;
const TERM = 131;
/** Packets of one turn. */
const SLICE = 256;
/** Bytes that wait here while the peer is held back no more. */
const WAITING = 1_048_576;
/**
 * So many times the limit for messages may wait, and a packet: answers, exits and the like cannot be refused, so a peer that asks
 * and does not read is cut off.
 */
const UNREAD = 16;

/** Who the peer turned out to be. */
export interface Partner {
  readonly name: string;
  readonly creation: number;
  /** What both of us can do. */
  readonly flags: bigint;
}

export interface ChannelOptions {
  readonly context: DistContext;
  readonly stream: DistStream;
  readonly packets: Packets;
  readonly partner: Partner;
  /** What a packet asks for. */
  readonly handle: (channel: Channel, control: Control, message: unknown) => void;
  /** The connection cannot go on: a word for `nodedown`, and what it was. Once. */
  readonly failed: (why: 'protocol_error' | 'unread', error: string) => void;
  /** Ends it at once: a newer one takes its place. */
  readonly replaced: () => void;
}

export class Channel {
  readonly partner: Partner;
  readonly context: DistContext;
  readonly outbox: Outbox;
  readonly relations: Relations = new Relations();
  readonly calls: Calls;
  readonly spawns: Spawns = new Spawns();
  readonly dialect: Dialect;
  readonly alias: boolean;
  /** It starts processes for others. */
  readonly spawn: boolean;
  /** In place of a process where a packet needs one: whoever calls from no process. */
  readonly nobody: PidTerm;
  /** Messages that were refused here, packets that meant nothing. */
  refused = 0;
  unknown = 0;
  /** Chunks that came, for who looks whether the peer lives, and their bytes. */
  arrivals = 0;
  bytes = 0;
  /** Ticks that were sent, and looks in a row at which nothing had come. Its actor writes them. */
  ticks = 0;
  silent = 0;
  readonly #options: ChannelOptions;
  readonly #terms: DecodeOptions;
  #open = true;
  #working = false;
  #paused = false;
  #workedOff: (() => void) | undefined = undefined;

  constructor(options: ChannelOptions) {
    const { context, stream, partner } = options;
    const flags = meaning(partner.flags);
    const has = (flag: bigint): boolean => (flags & flag) !== 0n;
    const { runtime, identities, settings } = context;
    const terms = { limits: settings.terms, identities, javascript: has(FLAG.javascript) };
    this.#options = options;
    this.#terms = terms;
    this.partner = partner;
    this.context = context;
    this.calls = new Calls(() => identities.nextSerial(runtime.random));
    this.outbox = new Outbox({ clock: runtime.clock, stream, packet: settings.packet, terms });
    this.dialect = {
      payload: has(FLAG.exitPayload),
      unlinkId: has(FLAG.unlinkId),
    };
    this.alias = has(FLAG.alias);
    this.spawn = has(FLAG.spawn);
    this.nobody = new PidTerm(context.name, 0, 0, context.creation);
  }

  /** Its address, for people. */
  get peer(): string {
    return this.#options.stream.peer;
  }

  get open(): boolean {
    return this.#open;
  }

  /** So much waits for the peer that messages to it are refused. */
  get busy(): boolean {
    return this.outbox.queued > this.context.settings.busy;
  }

  post(control: Tuple, ...terms: readonly unknown[]): Posted {
    const posted = this.outbox.post(control, ...terms);
    const { busy, packet } = this.context.settings;
    const { queued } = this.outbox;
    if (queued > UNREAD * busy + packet) this.#fail(`${queued} bytes wait for it`, 'unread');
    return posted;
  }

  /** Bytes came. Lent. */
  receive(bytes: Uint8Array): void {
    this.arrivals++;
    this.bytes += bytes.length;
    const { packets } = this.#options;
    packets.push(bytes);
    if (!this.#working) this.work();
    else {
      packets.keep();
      this.#holdBack();
    }
  }

  /** Takes the packets that are whole, as many as one turn may. */
  work(): void {
    const { packets, stream } = this.#options;
    for (let left = SLICE; this.#open; left--) {
      if (left === 0) {
        this.#goOnLater();
        return;
      }
      const taken = packets.take();
      if (taken.tag === 'more') break;
      if (taken.tag === 'too_large') {
        this.#fail(`a packet of ${taken.length} bytes`);
        return;
      }
      if (taken.bytes.length > 0) this.#packet(taken.bytes);
    }
    packets.keep();
    this.#working = false;
    this.#workedOff?.();
    if (this.#paused && this.#open) {
      this.#paused = false;
      stream.resume();
    }
  }

  /** The stream is over: `then` is called when what came by it has been taken. */
  finish(then: () => void): void {
    this.#workedOff = then;
    if (!this.#working) then();
  }

  /** A newer connection to the same node takes its place. */
  replaced(): void {
    this.#options.replaced();
  }

  /** The stream is over, or is to be. Nothing is taken or sent from now on. */
  close(): void {
    if (!this.#open) return;
    this.outbox.close();
    this.#open = false;
  }

  #goOnLater(): void {
    this.#options.packets.keep();
    this.#working = true;
    this.#holdBack();
    this.context.runtime.clock.later(() => this.work());
  }

  #holdBack(): void {
    const { packets, stream } = this.#options;
    if (this.#paused || packets.held <= WAITING) return;
    this.#paused = true;
    stream.pause();
  }

  #packet(bytes: Uint8Array): void {
    if (bytes[0] !== PASS_THROUGH) {
      this.#fail('a packet with an atom cache or a fragment');
      return;
    }
    const first = readTerm(bytes, 1, this.#terms);
    if (!first.ok) {
      this.#fail(`a control message that is no term (${first.rule})`);
      return;
    }
    const { control, message } = readControl(first.value);
    if (control.op === 'unknown') {
      this.unknown++;
      const { context, partner } = this;
      context.log.emit('dist.ignored', { node: partner.name, operation: control.number });
    }
    if (!message) {
      if (first.next === bytes.length || control.op === 'unknown')
        this.#options.handle(this, control, undefined);
      else this.#fail('a packet that is longer than its message');
      return;
    }
    if (bytes[first.next] !== TERM) {
      this.#fail('a message without its term');
      return;
    }
    const second = readTerm(bytes, first.next, this.#terms);
    if (!second.ok || second.next !== bytes.length)
      this.#fail(`a message that is no term (${second.ok ? 'trailing' : second.rule})`);
    else this.#options.handle(this, control, second.value);
  }

  #fail(error: string, why: 'protocol_error' | 'unread' = 'protocol_error'): void {
    if (!this.#open) return;
    this.close();
    this.#options.failed(why, error);
  }
}
