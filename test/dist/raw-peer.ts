/** The other end of a wire, byte by byte: what a node gets from somebody who keeps no rule but those that a test wants kept. */
import type { DistStreamEvents } from '../../src/dist/carrier.ts';
import { atom } from '../../src/codec/etf/atom.ts';
import { decodeTerm, readTerm } from '../../src/codec/etf/decode.ts';
import { encodeTerm } from '../../src/codec/etf/encode.ts';
import { PidTerm, ReferenceTerm } from '../../src/codec/etf/identities.ts';
import { Tuple } from '../../src/codec/etf/terms.ts';
import { digestOf } from '../../src/dist/protocol/digest.ts';
import { FLAG, OURS } from '../../src/dist/protocol/flags.ts';
import {
  readHandshake,
  writeHandshake,
  type Expected,
  type HandshakeMessage,
} from '../../src/dist/protocol/handshake-messages.ts';
import type { WireEnd } from './memory-carrier.ts';

/** What an Erlang node can do. */
export const PLAIN: bigint = OURS & ~FLAG.javascript;

export class RawPeer {
  readonly #cookie: string;
  #stream: WireEnd | undefined;
  #bytes: Buffer = Buffer.alloc(0);
  /** Why it is closed, once it is. */
  closed: string | undefined;
  name = '';
  /** Bytes that came, in all. */
  received = 0;
  creation = 7;
  #refs = 0;

  constructor(cookie: string) {
    this.#cookie = cookie;
  }

  readonly events: DistStreamEvents = {
    onData: (bytes) => {
      this.received += bytes.length;
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
    },
    onDrain: () => {},
    onClosed: (reason) => {
      this.closed = reason;
    },
  };

  get stream(): WireEnd {
    return this.#stream as WireEnd;
  }

  take(stream: WireEnd): void {
    this.#stream = stream;
  }

  // --- the handshake --------------------------------------------------------------------------------------

  say(message: HandshakeMessage): void {
    this.write(framed(2, writeHandshake(message)));
  }

  introduce(name: string, flags: bigint = PLAIN): void {
    this.name = name;
    this.say({ type: 'name', flags, creation: this.creation, name });
  }

  /** The next message of the handshake; undefined: none, or none of that kind. */
  hear(expected: Expected): HandshakeMessage | undefined {
    const bytes = this.#packet(2);
    return bytes === undefined ? undefined : readHandshake(bytes, expected);
  }

  reply(challenge: number, cookie: string = this.#cookie): void {
    this.say({ type: 'reply', challenge: 1, digest: digestOf(cookie, challenge) });
  }

  /** The whole of it, as the one that dialed. */
  async dialed(name: string, settle: () => Promise<void>, flags?: bigint): Promise<void> {
    this.introduce(name, flags);
    await settle();
    const status = this.hear('status');
    if (status?.type === 'status' && status.status === 'alive') this.say({ type: 'status', status: 'true' });
    await settle();
    const asked = this.hear('challenge');
    if (asked?.type !== 'challenge') throw new Error(`no challenge (${JSON.stringify(status)})`);
    this.reply(asked.challenge);
    await settle();
    if (this.hear('ack') === undefined) throw new Error('no ack');
  }

  // --- messages -------------------------------------------------------------------------------------------

  write(bytes: Uint8Array): void {
    this.stream.write(bytes);
  }

  /** A packet as it is after the handshake. */
  packet(bytes: Uint8Array): void {
    this.write(framed(4, bytes));
  }

  /** A control message, and what belongs to it. */
  control(elements: readonly unknown[], ...message: readonly unknown[]): void {
    this.packet(dataOf(new Tuple(elements), ...message));
  }

  /** What came, oldest first: control and message; ticks are left out. */
  frames(): (readonly [control: readonly unknown[], message?: unknown])[] {
    const frames: (readonly [readonly unknown[], unknown?])[] = [];
    for (let bytes = this.#packet(4); bytes !== undefined; bytes = this.#packet(4)) {
      if (bytes.length === 0) continue;
      const first = readTerm(bytes, 1);
      if (!first.ok || bytes[0] !== 112) throw new Error('a frame that is none');
      const control = (first.value as Tuple).elements;
      if (first.next === bytes.length) frames.push([control]);
      else {
        const second = decodeTerm(bytes.subarray(first.next));
        if (!second.ok) throw new Error(`a message that is none: ${second.rule}`);
        frames.push([control, second.value]);
      }
    }
    return frames;
  }

  /** Ticks and frames that came and were not looked at. */
  forget(): void {
    this.#bytes = Buffer.alloc(0);
  }

  /** A process of this peer's. */
  pid(id = 1): PidTerm {
    return new PidTerm(this.name, id, 0, this.creation);
  }

  ref(): ReferenceTerm {
    return new ReferenceTerm(this.name, this.creation, [++this.#refs, 0, 0]);
  }

  /** `gen_server:call` without waiting; its reference. */
  call(to: unknown, request: unknown, from: PidTerm = this.pid()): ReferenceTerm {
    const ref = this.ref();
    this.control([19, from, to, ref]);
    this.message(to, new Tuple([atom('$gen_call'), new Tuple([from, ref]), request]), from);
    return ref;
  }

  /** To a pid, or to a name. */
  message(to: unknown, message: unknown, from: PidTerm = this.pid()): void {
    if (to instanceof PidTerm) this.control([22, from, to], message);
    else this.control([6, from, atom(''), to], message);
  }

  #packet(header: 2 | 4): Buffer | undefined {
    if (this.#bytes.length < header) return undefined;
    const length = this.#bytes.readUIntBE(0, header);
    if (this.#bytes.length < header + length) return undefined;
    const bytes = this.#bytes.subarray(header, header + length);
    this.#bytes = this.#bytes.subarray(header + length);
    return bytes;
  }
}

export function framed(header: 2 | 4, bytes: Uint8Array): Uint8Array {
  const whole = Buffer.alloc(header + bytes.length);
  whole.writeUIntBE(bytes.length, 0, header);
  whole.set(bytes, header);
  return whole;
}

/** The bytes of a data packet, without its length. */
export function dataOf(...terms: readonly unknown[]): Uint8Array {
  return Buffer.concat([Buffer.of(112), ...terms.map(termOf)]);
}

export function termOf(term: unknown): Uint8Array {
  const encoded = encodeTerm(term);
  if (!encoded.ok) throw new Error(`no term: ${encoded.error.reason}`);
  return encoded.bytes;
}
