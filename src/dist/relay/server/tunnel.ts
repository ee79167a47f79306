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

const CODES: ReadonlySet<number> = new Set(Object.values(ResetCode));

export class Tunnel {
  readonly id: string;
  /** Names of the ends. */
  readonly source: string;
  readonly target: string;
  readonly #streams: Partial<Record<Side, Stream>> = {};
  /** By who sends. */
  readonly #forwarders: Partial<Record<Side, Forwarder>> = {};
  #over = false;
  readonly #ended: (reason: string) => void;

  /** @param ended once. */
  constructor(id: string, source: string, target: string, ended: (reason: string) => void) {
    this.id = id;
    this.source = source;
    this.target = target;
    this.#ended = ended;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Bytes that have passed, both ways. */
  get bytes(): number {
    return (this.#forwarders.source?.bytes ?? 0) + (this.#forwarders.target?.bytes ?? 0);
  }

  /** What the stream of a side is opened with. */
  events(side: Side): StreamEvents {
    const other = side === 'source' ? 'target' : 'source';
    return {
      onData: (bytes) => this.#forwarders[side]?.data(bytes),
      onEnd: () => {
        this.#forwarders[side]?.end();
        if (this.#forwarders.source?.ended === true && this.#forwarders.target?.ended === true)
          this.#finish('ended');
      },
      onReset: (code) => this.#cut(code, other, `${side}_reset`),
      onDrain: () => this.#forwarders[other]?.drained(),
    };
  }

  opened(side: Side, stream: Stream): void {
    this.#streams[side] = stream;
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

  #cut(code: number, first: Side, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    const told = CODES.has(code) ? (code as ResetCode) : ResetCode.canceled;
    this.#streams[first]?.reset(told);
    this.#streams[first === 'source' ? 'target' : 'source']?.reset(told);
    this.#ended(reason);
  }

  #finish(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#ended(reason);
  }
}
