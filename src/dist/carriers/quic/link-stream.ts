/**
 * One QUIC connection to another node as a distribution stream: its first stream carries the bytes of the distribution, and nothing
 * else (SPEC §10). A second one carries 32 random bytes each way, the keys with which the ends prove to each other where they are
 * when an address changes (TRANSPORT §12).
 */
import type { DistStream, DistStreamEvents } from '../../carrier.ts';
import {
  CloseCode,
  ResetCode,
  type CloseReason,
  type Link,
  type LinkEvents,
  type Stream,
  type StreamEvents,
} from '../../../transport/transport.ts';

/** What the stream of keys begins with: no handshake does. */
const KEYS = 0x6b;
const SEED = 32;

export interface LinkStreamOptions {
  /** 32 random bytes. */
  readonly seed: Uint8Array;
  /** The stream of the distribution is there. */
  readonly opened: (stream: LinkStream) => void;
  /** There never was one. */
  readonly refused: (why: string) => void;
}

/** Both ends alike: who has dialed opens the streams. */
export class LinkStream implements DistStream, LinkEvents {
  readonly #options: LinkStreamOptions;
  #link: Link | undefined;
  #stream: Stream | undefined;
  #keys: Stream | undefined;
  #seed: Buffer = Buffer.alloc(0);
  #keyed = false;
  #events: DistStreamEvents | undefined;
  /** What came before anybody took it. */
  #early: Uint8Array[] = [];
  #over = false;

  constructor(options: LinkStreamOptions) {
    this.#options = options;
  }

  /** Who takes what comes. */
  take(events: DistStreamEvents): this {
    this.#events = events;
    for (const bytes of this.#early) events.onData(bytes);
    this.#early = [];
    return this;
  }

  get peer(): string {
    const at = this.#link?.observed;
    return at === undefined ? '?' : `${at.host}:${at.port}`;
  }

  get queued(): number {
    return this.#stream?.queued ?? 0;
  }

  write(bytes: Uint8Array): void {
    if (!this.#over) this.#stream?.write(bytes);
  }

  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  /** The other end has shown that it may talk to us. */
  admit(): void {
    this.#link?.admit();
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#link?.close(CloseCode.normal);
  }

  // --- what the link tells ------------------------------------------------------------------------------------

  onOpen(link: Link): void {
    this.#link = link;
    if (link.role !== 'dialer') return;
    const stream = link.openStream(this.#data());
    const keys = link.openStream(this.#keying());
    if (stream === undefined) {
      link.close(CloseCode.internal);
      return;
    }
    this.#opened(stream);
    if (keys !== undefined) this.#sendSeed(keys);
  }

  onStream(stream: Stream): StreamEvents | ResetCode {
    // its first byte says which it is
    let events: StreamEvents | undefined;
    const choose = (bytes: Uint8Array): StreamEvents => {
      if (bytes[0] === KEYS) {
        if (this.#keys === undefined) this.#sendSeed(stream);
        return this.#keying();
      }
      if (this.#stream !== undefined) {
        stream.reset(ResetCode.protocolError);
        return NOTHING;
      }
      this.#opened(stream);
      return this.#data();
    };
    return {
      onData: (bytes) => (events ??= choose(bytes)).onData(bytes),
      onEnd: () => events?.onEnd(),
      onReset: (code) => events?.onReset(code),
      onDrain: () => events?.onDrain(),
    };
  }

  onCredit(): void {}

  onClose(reason: CloseReason): void {
    this.#end(reason.tag);
  }

  onFault(error: unknown): void {
    this.#end(error instanceof Error ? error.message : 'fault');
  }

  #opened(stream: Stream): void {
    this.#stream = stream;
    this.#options.opened(this);
  }

  #data(): StreamEvents {
    return {
      onData: (bytes) => {
        if (this.#events !== undefined) this.#events.onData(bytes);
        else this.#early.push(Uint8Array.prototype.slice.call(bytes));
      },
      onEnd: () => this.#link?.close(CloseCode.normal),
      onReset: () => this.#link?.close(CloseCode.normal),
      onDrain: () => this.#events?.onDrain(),
    };
  }

  #sendSeed(stream: Stream): void {
    this.#keys = stream;
    stream.write(Buffer.concat([Buffer.of(KEYS), this.#options.seed]));
  }

  #keying(): StreamEvents {
    return {
      onData: (bytes) => {
        if (this.#keyed) return;
        this.#seed = Buffer.concat([this.#seed, bytes.subarray(0, SEED + 1)]);
        if (this.#seed.length <= SEED) return;
        this.#keyed = true;
        this.#link?.keyPaths(this.#options.seed, this.#seed.subarray(1, 1 + SEED));
      },
      onEnd: () => {},
      onReset: () => {},
      onDrain: () => {},
    };
  }

  #end(why: string): void {
    const had = this.#stream !== undefined;
    if (this.#over) return;
    this.#over = true;
    if (!had) this.#options.refused(why);
    else this.#events?.onClosed(why);
  }
}

const NOTHING: StreamEvents = { onData: () => {}, onEnd: () => {}, onReset: () => {}, onDrain: () => {} };
