/**
 * A connection of the two ends of a tunnel of their own: QUIC from end to end, whose datagrams the relay passes on and cannot read.
 *
 * Who asked for the tunnel dials, to the session that is the tunnel's id, and the one who does is let in there, once, with the key that
 * it has proven in the tunnel. On its one stream, after a byte that makes it known, goes what the users of the tunnel say.
 */
import { Buffer } from 'node:buffer';
import {
  CloseCode,
  ResetCode,
  type CloseReason,
  type Endpoint,
  type Link,
  type LinkEvents,
  type Stream,
  type StreamEvents,
} from '../../../transport/transport.ts';
import type { Acceptor } from '../../../transport/endpoint-server.ts';
import type { Role } from '../secure/proof.ts';
import { StreamDuplex } from '../secure/stream-duplex.ts';
import type { ExpectedLinks } from './expected-links.ts';

/** The byte that a stream begins with. */
const BEGIN = 1;

export interface PassageEvents {
  /** Its stream is there. Once, unless `closed` comes before. */
  opened(stream: StreamDuplex): void;
  /** All that the other end says has come. */
  ended(): void;
  /** Bytes come, or leave. */
  moves(): void;
  /** The connection is over. Once. */
  closed(why: string): void;
}

/** What an end needs for it. */
export interface Means {
  readonly endpoint: Endpoint;
  readonly expected: ExpectedLinks;
  /** The connection to the relay. */
  readonly via: Link;
  /** 16 bytes. */
  readonly session: Uint8Array;
  /** The key that the other end has proven, 32 bytes of its id. */
  readonly peerId: Uint8Array;
}

export class Passage implements LinkEvents, StreamEvents {
  readonly #means: Means;
  events: PassageEvents;
  #link: Link | undefined;
  #stream: StreamDuplex | undefined;
  #below: Stream | undefined;
  /** The first byte has come, or is ours to send. */
  #begun = false;
  #over = false;
  /** All that the other end says has come. */
  ended = false;
  /** It is about to close. */
  closing = false;

  private constructor(means: Means, events: PassageEvents) {
    this.#means = means;
    this.events = events;
  }

  /** Dials, or waits for who does. Undefined: there is such a session already, as when two relays use one id. */
  static begin(role: Role, means: Means, events: PassageEvents): Passage | undefined {
    const { endpoint, expected, session, via, peerId } = means;
    const passage = new Passage(means, events);
    const taker: Acceptor = (link) => passage.#take(link);
    if (!expected.enter(session, role === 'acceptor' ? taker : undefined)) return undefined;
    const address = endpoint.openRelayed(session, via);
    if (role === 'acceptor') return passage;
    passage.#begun = true;
    passage.#link = endpoint.dial({ address, protocol: 'macula-dist', expectedId: peerId }, passage);
    return passage;
  }

  /** Undefined: the other end has not come. Closed, once it is over. */
  get link(): Link | undefined {
    return this.#link;
  }

  /** What was written leaves before. */
  close(): void {
    this.closing = true;
    if (this.#link === undefined) this.#end('closed');
    else this.#link.close(CloseCode.normal);
  }

  // --- what the link tells ------------------------------------------------------------------------------------

  onOpen(link: Link): void {
    this.#link = link;
    link.admit();
    if (link.role === 'acceptor') return;
    const stream = link.openStream(this);
    if (stream === undefined) {
      this.close();
      return;
    }
    stream.write(Uint8Array.of(BEGIN));
    this.#open(stream);
  }

  onStream(stream: Stream): StreamEvents | ResetCode {
    if (this.#below !== undefined || stream.link.role !== 'acceptor') return ResetCode.notAccepted;
    this.#below = stream;
    return this;
  }

  onCredit(): void {}

  onClose(reason: CloseReason): void {
    this.#end('detail' in reason ? reason.detail : reason.tag);
  }

  onFault(error: unknown): void {
    this.#end(error instanceof Error ? error.message : String(error));
  }

  // --- what its stream tells ----------------------------------------------------------------------------------

  onData(bytes: Uint8Array): void {
    if (this.#begun) {
      this.#stream?.onData(bytes);
      return;
    }
    if (bytes[0] !== BEGIN) {
      this.close();
      return;
    }
    this.#begun = true;
    this.#open(this.#below as Stream);
    if (bytes.length > 1) this.#stream?.onData(bytes.subarray(1));
  }

  onEnd(): void {
    if (this.#stream === undefined) return;
    this.ended = true;
    this.#stream.onEnd();
    this.events.ended();
  }

  onReset(code: number): void {
    this.#stream?.onReset(code);
  }

  onDrain(): void {
    this.#stream?.onDrain();
  }

  /** The other end has come, if it is that one, and the first. */
  #take(link: Link): LinkEvents | CloseCode {
    const id = link.peer?.nodeId;
    if (this.#link !== undefined || id === undefined || Buffer.compare(id, this.#means.peerId) !== 0)
      return CloseCode.refused;
    this.#link = link;
    return this;
  }

  #open(stream: Stream): void {
    this.#below = stream;
    this.#stream = new StreamDuplex(stream, {
      copies: true,
      moves: () => this.events.moves(),
      // the connection says what is left, and closes
      part: () => this.close(),
    });
    this.events.opened(this.#stream);
  }

  #end(why: string): void {
    if (this.#over) return;
    this.#over = true;
    const { endpoint, expected, session } = this.#means;
    expected.leave(session);
    endpoint.closeRelayed(session);
    this.events.closed(why);
  }
}
