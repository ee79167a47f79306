/**
 * Links both ends of which are ours, worked at random from both sides.
 */
import type { Random } from '../../src/actor/random.ts';
import {
  ResetCode,
  type CloseReason,
  type Link,
  type LinkEvents,
  type Stream,
  type StreamEvents,
} from '../../src/transport/transport.ts';
import { PIECE, StreamWitness } from './stream-oracle.ts';

export type Side = 'dialer' | 'acceptor';

/** Streams worked at from one side; more are given up. */
const LIVE = 40;
/** Bytes queued on a stream above which nothing is written to it. */
const QUEUED = 200_000;
const CODES = Object.values(ResetCode);

/** What a fuzz shares: chance, and where findings go. */
export interface Fuzzing {
  readonly random: Random;
  found(what: string): void;
}

export const below = (random: Random, limit: number): number => random.u32() % limit;

export const pick = <Value>(random: Random, values: readonly Value[]): Value =>
  values[below(random, values.length)] as Value;

/** Mostly small, sometimes nothing, seldom more than a datagram holds. */
export function someLength(random: Random): number {
  const most = pick(random, [1, 100, 100, 1_500, 1_500, 6_000, 40_000]);
  return Math.min(PIECE, below(random, most + 1));
}

/** One end of a link: its streams, and what may be done with them. */
export class FuzzEnd implements LinkEvents {
  link: Link | undefined;
  open = false;
  closed: CloseReason | undefined;
  /** The fuzz is over: streams are only finished. */
  quiet = false;
  streams = 0;
  /** The other end's streams by id, where that is ours. */
  peer: FuzzEnd | undefined;
  readonly live: StreamWitness[] = [];
  readonly byId: Map<number, StreamWitness> = new Map();
  readonly #name: string;
  readonly #side: Side;
  readonly #fuzzing: Fuzzing;

  constructor(name: string, side: Side, fuzzing: Fuzzing) {
    this.#name = name;
    this.#side = side;
    this.#fuzzing = fuzzing;
  }

  onOpen(link: Link): void {
    this.link = link;
    this.open = true;
  }

  onStream(stream: Stream): StreamEvents | ResetCode {
    this.streams++;
    if (!this.quiet && below(this.#fuzzing.random, 12) === 0) {
      this.byId.set(stream.id, this.#witness(stream));
      return pick(this.#fuzzing.random, CODES);
    }
    const witness = this.#witness(stream);
    this.#add(witness);
    if (!this.quiet && below(this.#fuzzing.random, 5) === 0) witness.pause();
    return witness;
  }

  onCredit(): void {}

  onClose(reason: CloseReason): void {
    this.closed = reason;
  }

  onFault(error: unknown): void {
    this.#fuzzing.found(
      `${this.#name}: fault: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  }

  /** One random operation. */
  operate(): void {
    const { random } = this.#fuzzing;
    this.#forgetFinished();
    if (this.live.length > LIVE) pick(random, this.live).reset(pick(random, CODES));
    const what = below(random, 100);
    if (what < 25 || this.live.length === 0) this.openOne();
    else if (what === 25) this.link?.ping();
    else this.#act(pick(random, this.live));
  }

  openOne(): StreamWitness | undefined {
    const witness = this.#witness(undefined);
    const stream = this.link?.openStream(witness);
    if (stream === undefined) return undefined;
    witness.stream = stream;
    this.#add(witness);
    this.streams++;
    return witness;
  }

  /** Nothing may stay paused for ever. */
  resumeAll(): void {
    for (const witness of this.live) witness.resume();
  }

  /** Ends every stream, one way or the other. */
  finish(): void {
    this.quiet = true;
    for (const witness of this.live) {
      witness.act = () => undefined;
      witness.resume();
      if (below(this.#fuzzing.random, 2) === 0) witness.reset(ResetCode.canceled);
      else witness.write(1, true);
    }
  }

  /** Streams that are not over in both directions. What the other side ends is ended here too. */
  unfinished(): number {
    for (const witness of this.live) if (!witness.endWritten) witness.write(1, true);
    this.#forgetFinished();
    return this.live.length;
  }

  #act(witness: StreamWitness): void {
    const { random } = this.#fuzzing;
    const what = below(random, 100);
    const full = (witness.stream?.queued ?? 0) > QUEUED || this.link?.congested === true;
    if (what < 55) {
      if (!full) witness.write(someLength(random), below(random, 6) === 0);
    } else if (what < 65) witness.write(1, true);
    else if (what < 75) witness.reset(pick(random, CODES));
    else if (what < 85) witness.pause();
    else witness.resume();
  }

  #witness(stream: Stream | undefined): StreamWitness {
    const { random } = this.#fuzzing;
    const witness = new StreamWitness(this.#side === 'dialer' ? 'acceptor' : 'dialer', (what) => {
      this.#fuzzing.found(`${this.#name}, ${this.#side}: ${what}`);
    });
    witness.stream = stream;
    witness.act = () => {
      this.#checkEnd(witness);
      if (!this.quiet && !witness.over && below(random, 4) === 0) this.#act(witness);
    };
    return witness;
  }

  #checkEnd(witness: StreamWitness): void {
    if (!witness.ended) return;
    const other = this.peer?.byId.get(witness.id);
    if (other === undefined || (other.endWritten && other.written === witness.received)) return;
    const { id, received } = witness;
    this.#fuzzing.found(`${this.#name}: stream ${id} ended after ${received} of ${other.written} bytes`);
  }

  #add(witness: StreamWitness): void {
    this.live.push(witness);
    this.byId.set(witness.id, witness);
  }

  #forgetFinished(): void {
    for (let at = this.live.length - 1; at >= 0; at--) {
      const witness = this.live[at] as StreamWitness;
      if (!witness.over && !(witness.ended && witness.endWritten)) continue;
      this.live[at] = this.live.at(-1) as StreamWitness;
      this.live.pop();
    }
    // what one side has forgotten the other may still ask for; much later nobody does
    if (this.byId.size > 2_000)
      for (const id of this.byId.keys()) {
        if (this.byId.size <= 1_000) break;
        this.byId.delete(id);
      }
  }
}
