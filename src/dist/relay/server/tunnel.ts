/**
 * One tunnel at a relay: two streams, and a forwarder for each direction.
 *
 * It is over when both ends have ended their halves, and at once when one end cuts it, loses its connection or closes it: then both
 * streams are. An end that is cut hears with which code. What passes is nobody's business here (SPEC §11.2).
 */
import { ResetCode, type Stream, type StreamEvents } from '../../../transport/transport.ts';
import type { Forwarder } from './forwarder.ts';

/** Which end: who asked for it, or who was asked for. */
export type Side = 'source' | 'target';

/** How much of a stream is over. */
interface Halves {
  /** What the end sends. */
  theirs: boolean;
  /** What it gets. */
  ours: boolean;
  over: boolean;
  flows: boolean;
}

const NONE: Halves = { theirs: false, ours: false, over: false, flows: false };
const CODES: ReadonlySet<number> = new Set(Object.values(ResetCode));

export class Tunnel {
  readonly id: string;
  /** Names of the ends. */
  readonly source: string;
  readonly target: string;
  /** Milliseconds of the clock at its beginning. */
  readonly since: number;
  readonly #streams: Partial<Record<Side, Stream>> = {};
  /** Which halves of the stream of a side have ended; one with windows says itself when it is over. */
  readonly #halves: Record<Side, Halves> = { source: NONE, target: NONE };
  /** Bytes of datagrams, by who sends. */
  readonly #passed: Record<Side, number> = { source: 0, target: 0 };
  /** By who sends. */
  readonly #forwarders: Partial<Record<Side, Forwarder>> = {};
  #over = false;
  readonly #ended: (reason: string) => void;

  /** @param ended once. */
  constructor(
    id: string,
    source: string,
    target: string,
    ended: (reason: string) => void,
    since: number = 0,
  ) {
    this.id = id;
    this.source = source;
    this.target = target;
    this.since = since;
    this.#ended = ended;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Bytes that have passed, both ways. */
  get bytes(): number {
    return this.sent('source') + this.sent('target');
  }

  /** Those of them that its streams have carried. */
  get streamed(): number {
    return this.#streamed('source') + this.#streamed('target');
  }

  /** Bytes of this side that have passed. */
  sent(side: Side): number {
    return this.#streamed(side) + this.#passed[side];
  }

  /** A datagram of this side has passed. */
  passed(side: Side, bytes: number): void {
    this.#passed[side] += bytes;
  }

  /** What the stream of a side is opened with. */
  events(side: Side): StreamEvents {
    const other = side === 'source' ? 'target' : 'source';
    return {
      onData: (bytes) => this.#forwarders[side]?.data(bytes),
      onEnd: () => {
        this.#half(side, { theirs: true });
        this.#forwarders[side]?.end();
      },
      onReset: (code) => this.#cut(code, other, `${side}_reset`),
      onDrain: () => this.#forwarders[other]?.drained(),
    };
  }

  /** @param flows it has windows, and `streamOver` is told. */
  opened(side: Side, stream: Stream, flows: boolean): void {
    this.#streams[side] = stream;
    this.#halves[side] = { ...NONE, flows };
  }

  /** All that was to leave by the stream of a side has left, and all that was to come has come. */
  streamOver(side: Side): void {
    this.#half(side, { over: true });
  }

  /** The end of what a side sends was passed on. */
  passedEnd(side: Side): void {
    this.#half(side === 'source' ? 'target' : 'source', { ours: true });
  }

  /** The streams, once both are open. */
  stream(side: Side): Stream {
    const stream = this.#streams[side];
    if (stream === undefined) throw new Error(`the tunnel has no stream of its ${side}`);
    return stream;
  }

  forwards(side: Side, forwarder: Forwarder): void {
    this.#forwarders[side] = forwarder;
  }

  /** Ends it for both. */
  cut(reason: string, code: ResetCode = ResetCode.canceled): void {
    this.#cut(code, 'source', reason);
  }

  #streamed(side: Side): number {
    return this.#forwarders[side]?.bytes ?? 0;
  }

  #cut(code: number, first: Side, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    const told = CODES.has(code) ? (code as ResetCode) : ResetCode.canceled;
    this.#streams[first]?.reset(told);
    this.#streams[first === 'source' ? 'target' : 'source']?.reset(told);
    this.#ended(reason);
  }

  #half(side: Side, change: Partial<Halves>): void {
    const halves = { ...this.#halves[side], ...change };
    if (!halves.flows) halves.over = halves.theirs && halves.ours;
    this.#halves[side] = halves;
    if (this.#over || !this.#halves.source.over || !this.#halves.target.over) return;
    this.#over = true;
    this.#ended('ended');
  }
}
