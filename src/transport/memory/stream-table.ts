/**
 * All streams of one simulated link: ids, credit to open, windows, and the frames they exchange.
 *
 * A stream that has ended on both halves is forgotten here, and its credit goes back to whoever opened it.
 */
import type { Link, LinkEvents, ResetCode, Stream, StreamEvents } from '../transport.ts';
import { CONNECTION_WINDOW, ReceiveCredit, SendCredit } from './flow.ts';
import type { Frame } from './packet.ts';
import { MemoryStream, type StreamOwner } from './stream.ts';

/** Most bytes of one stream in one frame: a loopback datagram (TRANSPORT §5.1). */
const SEGMENT = 16_384;
/** Ids of one side's bidirectional streams are four apart (RFC 9000 §2.1). */
const ID_STEP = 4;

/** The link, as its stream table sees it. */
export interface StreamLink {
  readonly link: Link;
  /** Events and writes go on: the link is open. */
  readonly open: boolean;
  readonly events: LinkEvents;
  /** Frames are waiting: build a packet soon. */
  wake(): void;
  /** `bytes` more are queued over all streams. */
  queuedMore(): void;
  soon(run: () => void): void;
  call(run: () => void): void;
  lend(bytes: Uint8Array, receive: (bytes: Uint8Array) => void): void;
}

export class StreamTable implements StreamOwner {
  /** Bytes queued for sending over all streams. */
  queued = 0;
  frozen = false;
  readonly #host: StreamLink;
  readonly #streams = new Map<number, MemoryStream>();
  readonly #sending = new Set<MemoryStream>();
  /** Streams whose window may have to be announced. */
  readonly #reading = new Set<MemoryStream>();
  readonly #sendCredit = new SendCredit(CONNECTION_WINDOW);
  readonly #receiveCredit = new ReceiveCredit(CONNECTION_WINDOW);
  readonly #frames: Frame[] = [];
  #nextId: number;
  #opened = 0;
  #allowed = 0;
  #wantsCredit = false;
  /** The next id the peer has not used yet; lower ones that are neither here nor skipped have ended. */
  #nextPeerId: number;
  /** Ids the peer has opened and not used: it used a later one first. */
  readonly #skipped = new Set<number>();
  /** Streams the peer may open in all; announced when it differs from `#announced`. */
  #granted: number;
  #announced: number;

  constructor(host: StreamLink, role: 'dialer' | 'acceptor', streams: number) {
    this.#host = host;
    this.#nextId = role === 'dialer' ? 0 : 1;
    this.#nextPeerId = role === 'dialer' ? 1 : 0;
    this.#granted = streams;
    this.#announced = streams;
  }

  get link(): Link {
    return this.#host.link;
  }

  get writable(): boolean {
    return this.#host.open;
  }

  get size(): number {
    return this.#streams.size;
  }

  get credit(): number {
    return this.#allowed - this.#opened;
  }

  /** Stops all reading here, whatever the application does, or goes on with it. */
  freeze(on: boolean): void {
    this.frozen = on;
    if (on) return;
    for (const stream of this.#streams.values()) this.readSoon(stream);
  }

  /** The peer lets us open this many streams in all. */
  allow(total: number): void {
    if (total <= this.#allowed) return;
    this.#allowed = total;
    if (!this.#wantsCredit || this.credit <= 0) return;
    this.#wantsCredit = false;
    this.#host.call(() => {
      this.#host.events.onCredit();
    });
  }

  open(receivers: StreamEvents): Stream | undefined {
    if (this.credit <= 0) {
      this.#wantsCredit = true;
      return undefined;
    }
    this.#opened++;
    const stream = new MemoryStream(this.#nextId, this);
    this.#nextId += ID_STEP;
    stream.receivers = receivers;
    this.#streams.set(stream.id, stream);
    return stream;
  }

  receive(frame: Frame): void {
    if (frame.tag === 'stream') this.#onStream(frame.id, frame.bytes, frame.end);
    else if (frame.tag === 'reset') this.#onReset(frame.id, frame.code);
    else if (frame.tag === 'max_streams') this.allow(frame.total);
    else if (frame.tag === 'max_data') this.#onRoom(this.#sendCredit, frame.total);
    else if (frame.tag === 'max_stream_data') {
      const stream = this.#streams.get(frame.id);
      if (stream !== undefined) this.#onRoom(stream.sendCredit, frame.total);
    }
  }

  /** Takes all frames that may be sent now. */
  take(): Frame[] {
    const data = this.#takeData();
    const room = this.#receiveCredit.grant();
    if (room !== undefined) this.#frames.push({ tag: 'max_data', total: room });
    for (const stream of this.#reading) {
      const total = stream.over ? undefined : stream.receiveCredit.grant();
      if (total !== undefined) this.#frames.push({ tag: 'max_stream_data', id: stream.id, total });
    }
    this.#reading.clear();
    if (this.#granted !== this.#announced) {
      this.#announced = this.#granted;
      this.#frames.push({ tag: 'max_streams', total: this.#granted });
    }
    return [...this.#frames.splice(0), ...data];
  }

  /** Tells every writer whose queue has left. Call after the packet of `take` is on its way. */
  drained(): void {
    for (const stream of this.#sending) {
      // its receiver may end it when it hears that
      if (stream.wantsToSend) continue;
      this.#sending.delete(stream);
      stream.left();
    }
  }

  /** The link has closed below the streams. */
  abandon(code: number): void {
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    this.#sending.clear();
    this.#reading.clear();
    this.queued = 0;
    for (const stream of streams) {
      stream.abandon();
      this.#host.call(() => stream.receivers?.onReset(code));
    }
  }

  queuedMore(stream: MemoryStream, bytes: number): void {
    this.queued += bytes;
    this.#sending.add(stream);
    this.#host.queuedMore();
  }

  consumed(bytes: number): void {
    this.#receiveCredit.consume(bytes);
    this.#host.wake();
  }

  finished(stream: MemoryStream): void {
    this.#forget(stream);
  }

  aborted(stream: MemoryStream, code: ResetCode): void {
    this.#drop(stream);
    this.#frames.push({ tag: 'reset', id: stream.id, code });
    this.#host.wake();
  }

  readSoon(stream: MemoryStream): void {
    this.#host.soon(() => {
      this.#reading.add(stream);
      stream.read();
    });
  }

  call(run: () => void): void {
    if (this.#host.open) this.#host.call(run);
  }

  lend(bytes: Uint8Array, receive: (bytes: Uint8Array) => void): void {
    if (this.#host.open) this.#host.lend(bytes, receive);
  }

  #onStream(id: number, bytes: Uint8Array, end: boolean): void {
    this.#receiveCredit.receive(bytes.length);
    const stream = this.#streams.get(id) ?? this.#accept(id);
    if (stream === undefined) {
      this.consumed(bytes.length);
      return;
    }
    stream.receiveCredit.receive(bytes.length);
    this.#reading.add(stream);
    stream.arrived(bytes, end);
  }

  /** A stream the peer opens with its first bytes; undefined when it has ended, or is refused. */
  #accept(id: number): MemoryStream | undefined {
    if (!this.#isNew(id)) return undefined;
    const stream = new MemoryStream(id, this);
    this.#streams.set(id, stream);
    let answer: StreamEvents | ResetCode | undefined;
    this.call(() => {
      answer = this.#host.events.onStream(stream);
    });
    if (typeof answer === 'number' && !stream.over) this.aborted(stream, answer);
    else if (typeof answer === 'object') stream.receivers = answer;
    return stream.over ? undefined : stream;
  }

  #onReset(id: number, code: number): void {
    const stream = this.#streams.get(id);
    if (stream !== undefined) {
      this.#drop(stream);
      this.call(() => stream.receivers?.onReset(code));
    } else if (this.#isNew(id)) {
      // Given up before its first byte left: nobody here has heard of it, its credit returns all the same.
      this.#returnCredit();
    }
  }

  /** Whether this is the first frame of a stream of the peer. */
  #isNew(id: number): boolean {
    if (this.#isOurs(id)) return false;
    if (id < this.#nextPeerId) return this.#skipped.delete(id);
    for (let skipped = this.#nextPeerId; skipped < id; skipped += ID_STEP) this.#skipped.add(skipped);
    this.#nextPeerId = id + ID_STEP;
    return true;
  }

  #onRoom(credit: SendCredit, total: number): void {
    credit.raise(total);
    if (this.#sending.size > 0) this.#host.wake();
  }

  /** One segment of each stream in turn, until the windows are full or the queues empty. */
  #takeData(): Frame[] {
    const frames: Frame[] = [];
    let ready = [...this.#sending];
    while (ready.length > 0) {
      const more: MemoryStream[] = [];
      for (const stream of ready) {
        const part = stream.take(Math.min(SEGMENT, this.#sendCredit.left));
        if (part === undefined) continue;
        this.#sendCredit.use(part.bytes.length);
        this.queued -= part.bytes.length;
        frames.push({ tag: 'stream', id: stream.id, bytes: part.bytes, end: part.end });
        more.push(stream);
      }
      ready = more;
    }
    return frames;
  }

  #drop(stream: MemoryStream): void {
    this.queued -= stream.queued;
    this.consumed(stream.abandon());
    this.#forget(stream);
  }

  #forget(stream: MemoryStream): void {
    this.#streams.delete(stream.id);
    this.#sending.delete(stream);
    this.#reading.delete(stream);
    if (!this.#isOurs(stream.id)) this.#returnCredit();
  }

  #returnCredit(): void {
    this.#granted++;
    this.#host.wake();
  }

  #isOurs(id: number): boolean {
    return id % 2 === this.#nextId % 2;
  }
}
