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
import { PathKeys } from './path-keys.ts';
import { SendQueue } from './send-queue.ts';

export interface LinkStreamOptions {
  /** 32 random bytes. */
  readonly seed: Uint8Array;
  /** The stream of the distribution is there. */
  readonly opened: (stream: LinkStream) => void;
  /** It was closed, and more waits than has left: `drop` is called when it has, or takes too long. False: it is not. */
  readonly lingers: (stream: LinkStream) => boolean;
  /** It is over, whoever ended it. Once. */
  readonly ended: (stream: LinkStream, why: string) => void;
}

/** Both ends alike: who has dialed opens the streams. */
export class LinkStream implements DistStream, LinkEvents {
  readonly #options: LinkStreamOptions;
  readonly #keys: PathKeys;
  #link: Link | undefined;
  #stream: Stream | undefined;
  #sending: SendQueue | undefined;
  #events: DistStreamEvents | undefined;
  /** What came before anybody took it: little, for the peer is held back until then. */
  #early: Uint8Array[] = [];
  #over = false;
  /** Closed here, until what was taken has left. */
  #leaving = false;

  constructor(options: LinkStreamOptions) {
    this.#options = options;
    this.#keys = new PathKeys(options.seed, (theirs) => this.#link?.keyPaths(options.seed, theirs));
  }

  /** Who takes what comes. */
  take(events: DistStreamEvents): this {
    this.#events = events;
    for (const bytes of this.#early) events.onData(bytes);
    this.#early = [];
    this.#stream?.resume();
    return this;
  }

  get isOpen(): boolean {
    return this.#stream !== undefined;
  }

  get peer(): string {
    const at = this.#link?.observed;
    return at === undefined ? '?' : `${at.host}:${at.port}`;
  }

  get peerId(): Uint8Array | undefined {
    return this.#link?.peer?.nodeId;
  }

  get queued(): number {
    return this.#sending?.queued ?? 0;
  }

  write(bytes: Uint8Array): void {
    if (!this.#over) this.#sending?.write(bytes);
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
    this.#leaving = true;
    // what still comes is nobody's, and does not hold up what leaves
    this.#stream?.resume();
    if (this.queued === 0 || !this.#options.lingers(this)) this.drop();
  }

  /** Closed, and whatever has not left does not leave. */
  drop(): void {
    if (!this.#leaving) return;
    this.#leaving = false;
    this.#link?.close(CloseCode.normal);
    this.#options.ended(this, 'closed');
  }

  /** As `close`, and who took it is told. */
  abandon(why: string): void {
    const link = this.#link;
    this.drop();
    this.#end(why);
    link?.close(CloseCode.shuttingDown);
  }

  // --- what the link tells ------------------------------------------------------------------------------------

  onOpen(link: Link): void {
    this.#link = link;
    if (this.#over) link.close(CloseCode.normal);
    if (this.#over || link.role !== 'dialer') return;
    const stream = link.openStream(this.#receiver());
    if (stream === undefined) {
      link.close(CloseCode.internal);
      return;
    }
    this.#opened(stream);
    const keys = link.openStream(this.#keys);
    if (keys !== undefined) this.#keys.send(keys);
  }

  onStream(stream: Stream): StreamEvents | ResetCode {
    // its first byte says which it is
    let events: StreamEvents | undefined;
    const choose = (bytes: Uint8Array): StreamEvents => {
      if (PathKeys.begins(bytes)) {
        this.#keys.send(stream);
        return this.#keys;
      }
      if (this.#stream !== undefined) {
        stream.reset(ResetCode.protocolError);
        return NOTHING;
      }
      this.#opened(stream);
      return this.#receiver();
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
    this.#sending = new SendQueue(stream);
    if (this.#events === undefined) stream.pause();
    this.#options.opened(this);
  }

  #receiver(): StreamEvents {
    return {
      onData: (bytes) => {
        if (this.#over) return;
        if (this.#events !== undefined) this.#events.onData(bytes);
        else this.#early.push(Uint8Array.prototype.slice.call(bytes));
      },
      onEnd: () => this.#link?.close(CloseCode.normal),
      onReset: () => this.#link?.close(CloseCode.normal),
      onDrain: () => {
        this.#sending?.go();
        if (!this.#over) this.#events?.onDrain();
      },
    };
  }

  #end(why: string): void {
    this.drop();
    if (this.#over) return;
    this.#over = true;
    this.#options.ended(this, why);
    this.#events?.onClosed(why);
  }
}

const NOTHING: StreamEvents = { onData: () => {}, onEnd: () => {}, onReset: () => {}, onDrain: () => {} };
