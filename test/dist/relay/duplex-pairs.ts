/**
 * Two ends of a byte stream in one process: over the memory transport, or with nothing but Node's streams in between.
 */
import { createCipheriv, createHash } from 'node:crypto';
import { Duplex, type Readable } from 'node:stream';

import { seededRandom } from '../../../src/actor/random.ts';
import { StreamDuplex } from '../../../src/dist/relay/secure/stream-duplex.ts';
import { virtualClock, type VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { memoryNetwork } from '../../../src/transport/memory/network.ts';
import type { Link, Stream, StreamEvents } from '../../../src/transport/transport.ts';
import { LinkRecorder, openPair, type Pair } from '../../transport/recorder.ts';

/** What is told before there is anybody to tell is lost: nothing comes within the turn of the opening. */
class Later implements StreamEvents {
  to: StreamEvents | undefined;
  onData(bytes: Uint8Array): void {
    this.to?.onData(bytes);
  }
  onEnd(): void {
    this.to?.onEnd();
  }
  onReset(code: number): void {
    this.to?.onReset(code);
  }
  onDrain(): void {
    this.to?.onDrain();
  }
}

export interface StreamPair {
  readonly clock: VirtualClock;
  readonly pair: Pair;
  /** The dialer's, and the other one. */
  readonly links: readonly [Link, Link];
  /** A stream of the dialer, as a Duplex at both ends. */
  open(): Promise<readonly [StreamDuplex, StreamDuplex]>;
  /** A stream of the dialer: its bare end, and the Duplex at the other. */
  bare(events?: Partial<StreamEvents>): Promise<readonly [Stream, StreamDuplex]>;
  /** Lets time pass until that has come out. */
  pass<T>(promise: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Two endpoints of a memory network that overwrites lent bytes, and a link between them. `delay`: ms one way. */
export async function streamPair(seed: string, delay = 0): Promise<StreamPair> {
  const clock = virtualClock();
  const random = seededRandom(seed);
  const network = memoryNetwork({ clock, random: random.fork('network'), poison: true, delay });
  let arrived: ((duplex: StreamDuplex) => void) | undefined;
  const pair = await openPair(
    {
      clock,
      random: random.fork('nodes'),
      a: network.transport(),
      b: network.transport(),
      until: clock.until,
      pass: clock.advance,
      empty: () => undefined,
    },
    {
      onLink: (_link, recorder) => ({
        onOpen: (link) => recorder.onOpen(link),
        onStream: (stream) => {
          const duplex = new StreamDuplex(stream);
          arrived?.(duplex);
          return duplex;
        },
        onCredit: () => recorder.onCredit(),
        onClose: (reason) => recorder.onClose(reason),
        onFault: (error) => recorder.onFault(error),
      }),
    },
  );
  const here = pair.dial({}, new LinkRecorder());
  await clock.until(() => here.isOpen && pair.inboundB[0]?.isOpen === true);
  const other = (): Promise<StreamDuplex> =>
    new Promise((resolve) => {
      arrived = resolve;
    });
  const pass = async <T>(promise: Promise<T>): Promise<T> => {
    let over = false;
    const done = promise.finally(() => (over = true));
    done.catch(() => undefined);
    while (!over) await clock.advance(1);
    return done;
  };
  const bare = async (events: Partial<StreamEvents> = {}): Promise<readonly [Stream, StreamDuplex]> => {
    const later = new Later();
    later.to = {
      onData: (bytes) => events.onData?.(bytes),
      onEnd: () => events.onEnd?.(),
      onReset: (code) => events.onReset?.(code),
      onDrain: () => events.onDrain?.(),
    };
    const stream = here.link.openStream(later);
    if (stream === undefined) throw new Error('no credit');
    const there = other();
    stream.write(Buffer.of(0));
    const far = await pass(there);
    await take(far, 1);
    return [stream, far];
  };
  return {
    clock,
    pair,
    links: [here.link, (pair.inboundB[0] as LinkRecorder).link],
    open: async () => {
      const events = new Later();
      const [stream, far] = await bare({
        onData: (bytes) => events.onData(bytes),
        onEnd: () => events.onEnd(),
        onReset: (code) => events.onReset(code),
        onDrain: () => events.onDrain(),
      });
      const near = new StreamDuplex(stream);
      events.to = near;
      return [near, far];
    },
    bare,
    pass,
    close: () => pair.close(),
  };
}

/** What happens to the bytes of one direction: as many pieces as it likes. */
export type Way = (bytes: Buffer) => readonly Buffer[];

class PlainEnd extends Duplex {
  other: PlainEnd | undefined;
  way: Way = (bytes) => [bytes];
  /** Bytes that were written here, as they were. */
  readonly written: Buffer[] = [];
  #taken: (() => void) | undefined;

  constructor() {
    super();
    // the far end of a test is mostly nobody's
    this.on('error', () => undefined);
  }

  override _read(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.written.push(chunk);
    const other = this.other as PlainEnd;
    other.arrive(this.way(chunk), done);
  }

  arrive(chunks: readonly Buffer[], done: () => void): void {
    let more = true;
    if (this.destroyed || this.readableEnded) return;
    for (const chunk of chunks) more = this.push(chunk);
    if (more) setImmediate(done);
    else this.#taken = done;
  }

  override _final(done: () => void): void {
    setImmediate(() => {
      if (this.other?.destroyed === false) this.other.push(null);
    });
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { other } = this;
    if (!this.readableEnded || !this.writableFinished)
      setImmediate(() => {
        if (other !== undefined)
          other.destroy(other.readableEnded && other.writableFinished ? undefined : new Error('cut'));
      });
    done(error);
  }
}

export type Plain = PlainEnd;

/** Two ends that are nothing but streams of Node. */
export function plainPair(): readonly [Plain, Plain] {
  const a = new PlainEnd();
  const b = new PlainEnd();
  a.other = b;
  b.other = a;
  return [a, b];
}

/** Bytes that look random, by seed. */
export const bytesOf = (length: number, seed = 'bytes'): Buffer =>
  createCipheriv('aes-128-ctr', createHash('md5').update(seed).digest(), Buffer.alloc(16)).update(
    Buffer.alloc(length),
  );

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The next `count` bytes; what follows stays. Fewer when it ends before. */
export const take = (stream: Readable, count: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      stream.off('readable', look);
      stream.off('end', ended);
      stream.off('close', gone);
    };
    const look = (): void => {
      const bytes = stream.read(count) as Buffer | null;
      if (bytes === null) return;
      stop();
      resolve(bytes);
    };
    const ended = (): void => {
      stop();
      resolve(Buffer.alloc(0));
    };
    const gone = (): void => {
      stop();
      reject(stream.errored ?? new Error('closed'));
    };
    stream.on('readable', look);
    stream.on('end', ended);
    stream.on('close', gone);
  });

/** Everything until its end. Rejects with what destroyed it. */
export const all = async (stream: Readable): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  await drained(stream, (chunk) => chunks.push(chunk));
  return Buffer.concat(chunks);
};

/** The SHA-256 of everything until its end. */
export const hashed = async (stream: Readable): Promise<string> => {
  const hash = createHash('sha256');
  await drained(stream, (chunk) => hash.update(chunk));
  return hash.digest('hex');
};

const drained = (stream: Readable, chunk: (bytes: Buffer) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    stream.on('data', chunk);
    stream.once('end', resolve);
    stream.once('close', () => reject(stream.errored ?? new Error('closed')));
  });

/** Writes it in pieces of those sizes, in turn, as fast as it is taken; then ends. */
export async function poured(stream: Duplex, bytes: Buffer, sizes: readonly number[]): Promise<void> {
  let turn = 0;
  for (let at = 0; at < bytes.length;) {
    const size = sizes[turn++ % sizes.length] ?? 1;
    const more = stream.write(bytes.subarray(at, at + size));
    at += size;
    if (!more)
      await new Promise<void>((resolve, reject) => {
        const gone = (): void => reject(stream.errored ?? new Error('closed'));
        stream.once('close', gone);
        stream.once('drain', () => {
          stream.off('close', gone);
          resolve();
        });
      });
  }
  stream.end();
}

/** When it is closed; what destroyed it, if anything did. */
export const closed = (stream: Duplex): Promise<Error | null> =>
  new Promise((resolve) => {
    // it is closed a moment before it says so
    if (stream.closed) setImmediate(() => resolve(stream.errored));
    else stream.once('close', () => resolve(stream.errored));
  });
