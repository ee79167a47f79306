/**
 * Receivers that write down what they are told, and a pair of endpoints that use them.
 *
 * Data is copied out of the lent bytes at once. A hook runs after the event was written down.
 */
import type { Clock } from '../../src/actor/clock.ts';
import type { Random } from '../../src/actor/random.ts';
import { createIdentity, type Identity } from '../../src/identity/identity.ts';
import type {
  CloseCode,
  CloseReason,
  DialRequest,
  Endpoint,
  EndpointLimits,
  Link,
  LinkEvents,
  ResetCode,
  Stream,
  StreamEvents,
  Transport,
} from '../../src/transport/transport.ts';

/** What a transport under test is made of. `a` and `b` are two machines, or one with two sockets. */
export interface Bench {
  readonly a: Transport;
  readonly b: Transport;
  readonly clock: Clock;
  readonly random: Random;
  /** Waits until `condition` holds, on the virtual clock or by polling; throws after `limit` ms. */
  until(condition: () => boolean, limit?: number): Promise<void>;
  /** Lets `ms` pass. Only where time itself is the subject. */
  pass(ms: number): Promise<void>;
  /** After everything was closed: asserts that no timer, socket or packet is left. */
  empty(): void;
}

export class StreamRecorder implements StreamEvents {
  readonly log: string[];
  stream: Stream | undefined;
  chunks: Buffer[] = [];
  received = 0;
  ended = 0;
  drains = 0;
  resets: number[] = [];
  hooks: Partial<StreamEvents> = {};

  constructor(log: string[], stream?: Stream) {
    this.log = log;
    this.stream = stream;
  }

  get id(): number {
    return this.stream?.id ?? -1;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get over(): boolean {
    return this.ended > 0 || this.resets.length > 0;
  }

  onData(bytes: Uint8Array): void {
    this.log.push(`data:${this.id}`);
    this.chunks.push(Buffer.from(bytes));
    this.received += bytes.length;
    this.hooks.onData?.(bytes);
  }

  onEnd(): void {
    this.log.push(`end:${this.id}`);
    this.ended++;
    this.hooks.onEnd?.();
  }

  onReset(code: number): void {
    this.log.push(`reset:${this.id}:${code}`);
    this.resets.push(code);
    this.hooks.onReset?.(code);
  }

  onDrain(): void {
    this.log.push(`drain:${this.id}`);
    this.drains++;
    this.hooks.onDrain?.();
  }
}

export class LinkRecorder implements LinkEvents {
  /** Every event of the link and its streams, in order. */
  readonly log: string[] = [];
  readonly streams: StreamRecorder[] = [];
  readonly faults: unknown[] = [];
  readonly closed: CloseReason[] = [];
  opened = 0;
  credits = 0;
  hooks: Partial<Omit<LinkEvents, 'onStream'>> = {};
  /** Prepares the recorder of an inbound stream, or refuses the stream. */
  take: (stream: StreamRecorder) => ResetCode | void = () => {};
  #link: Link | undefined;

  get link(): Link {
    if (this.#link === undefined) throw new Error('the link is not known yet');
    return this.#link;
  }

  set link(link: Link) {
    this.#link = link;
  }

  get isOpen(): boolean {
    return this.opened > 0 && this.closed.length === 0;
  }

  onOpen(link: Link): void {
    this.#link = link;
    this.log.push('open');
    this.opened++;
    this.hooks.onOpen?.(link);
  }

  onStream(stream: Stream): StreamEvents | ResetCode {
    this.log.push(`stream:${stream.id}`);
    const recorder = new StreamRecorder(this.log, stream);
    this.streams.push(recorder);
    return this.take(recorder) ?? recorder;
  }

  onCredit(): void {
    this.log.push('credit');
    this.credits++;
    this.hooks.onCredit?.();
  }

  onPath(): void {
    this.hooks.onPath?.();
  }

  onClose(reason: CloseReason): void {
    this.log.push(`close:${reason.tag}`);
    this.closed.push(reason);
    this.hooks.onClose?.(reason);
  }

  onFault(error: unknown): void {
    this.log.push('fault');
    this.faults.push(error);
    this.hooks.onFault?.(error);
  }

  /** Opens a stream with a recorder; undefined when there is no credit. */
  tryOpen(): (StreamRecorder & { stream: Stream }) | undefined {
    const recorder = new StreamRecorder(this.log);
    const stream = this.link.openStream(recorder);
    if (stream === undefined) return undefined;
    return Object.assign(recorder, { stream });
  }

  open(): StreamRecorder & { stream: Stream } {
    const recorder = this.tryOpen();
    if (recorder === undefined) throw new Error('no stream credit');
    return recorder;
  }
}

export interface PairOptions {
  readonly limitsA?: EndpointLimits;
  readonly limitsB?: EndpointLimits;
  readonly identityA?: Identity;
  readonly identityB?: Identity;
  /** Whether B's inbound links wait to be admitted. */
  readonly awaitHello?: boolean;
  /** What B answers to an inbound link; default: a recorder. */
  readonly onLink?: (link: Link, recorder: LinkRecorder) => LinkEvents | CloseCode;
}

/** Both ends of one open link. */
export interface Connected {
  /** The dialer's. */
  readonly here: LinkRecorder;
  readonly there: LinkRecorder;
}

export interface Pair {
  readonly a: Endpoint;
  readonly b: Endpoint;
  readonly identityA: Identity;
  readonly identityB: Identity;
  /** Recorders of links that reached A and B, in order. */
  readonly inboundA: LinkRecorder[];
  readonly inboundB: LinkRecorder[];
  /** A dials B. */
  dial(request?: Partial<DialRequest>, events?: LinkRecorder): LinkRecorder;
  /** A dials B, and both sides are open. */
  connect(): Promise<Connected>;
  /** Closes both endpoints. */
  close(): Promise<void>;
}

export async function openPair(bench: Bench, options: PairOptions = {}): Promise<Pair> {
  const { clock, random } = bench;
  const identityA = options.identityA ?? createIdentity(random, clock.wall());
  const identityB = options.identityB ?? createIdentity(random, clock.wall());
  const inboundA: LinkRecorder[] = [];
  const inboundB: LinkRecorder[] = [];
  const recorded =
    (inbound: LinkRecorder[], onLink: PairOptions['onLink']) =>
    (link: Link): LinkEvents | CloseCode => {
      const recorder = new LinkRecorder();
      recorder.link = link;
      inbound.push(recorder);
      return onLink?.(link, recorder) ?? recorder;
    };
  const accept = ['macula', 'macula-dist'] as const;
  const shared = { clock, random, accept };
  const a = await bench.a.open({
    ...shared,
    identity: identityA,
    limits: options.limitsA ?? {},
    onLink: recorded(inboundA, undefined),
  });
  const b = await bench.b.open({
    ...shared,
    identity: identityB,
    limits: options.limitsB ?? {},
    onLink: recorded(inboundB, options.onLink),
    awaitHello: options.awaitHello ?? false,
  });
  const dial = (request: Partial<DialRequest> = {}, events = new LinkRecorder()): LinkRecorder => {
    events.link = a.dial({ address: b.local, protocol: 'macula', ...request }, events);
    return events;
  };
  const connect = async (): Promise<Connected> => {
    const known = new Set(inboundB);
    const here = dial();
    let there: LinkRecorder | undefined;
    await bench.until(() => {
      there = inboundB.find((recorder) => !known.has(recorder));
      return here.isOpen && there?.isOpen === true;
    });
    return { here, there: there as LinkRecorder };
  };
  const close = async (): Promise<void> => {
    await Promise.all([a.close(), b.close()]);
  };
  return { a, b, identityA, identityB, inboundA, inboundB, dial, connect, close };
}

/** A round trip on a stream of its own: whatever was sent before has arrived when it returns. */
export async function barrier(bench: Bench, { here, there }: Connected): Promise<void> {
  const before = there.streams.length;
  // Credit comes back when the peer has acknowledged the end of its half: later than both ends see a stream over.
  await bench.until(() => here.link.streamCredit > 0);
  const out = here.open();
  out.stream.write(Buffer.from('?'), true);
  await bench.until(() => there.streams.slice(before).some(({ id, ended }) => id === out.id && ended > 0));
  there.streams.find(({ id }) => id === out.id)?.stream?.write(Buffer.from('!'), true);
  await bench.until(() => out.ended > 0);
}

/** Writes all of `bytes` in pieces of the given sizes, in turn, waiting for `onDrain` when asked to. */
export function pour(
  recorder: StreamRecorder & { stream: Stream },
  bytes: Uint8Array,
  sizes: readonly number[],
): void {
  const { stream } = recorder;
  let at = 0;
  let turn = 0;
  const go = (): void => {
    for (;;) {
      const size = sizes[turn++ % sizes.length] ?? 1;
      const end = at + size >= bytes.length;
      const accepted = stream.write(bytes.slice(at, at + size), end);
      at += size;
      if (end || !accepted) return;
    }
  };
  recorder.hooks.onDrain = () => {
    if (at < bytes.length) go();
  };
  go();
}
