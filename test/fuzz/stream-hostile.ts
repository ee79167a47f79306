/**
 * A peer on the native binding: every stream operation QUIC allows, in orders ours never uses, among them the one
 * that ended the process of the library's own server (TRANSPORT §8, bug 4).
 */
import { PATTERN_SIDE, bytesAt } from './stream-oracle.ts';
import { below, pick, someLength, type Fuzzing } from './stream-pairs.ts';
import { quiche, type RawPeer } from '../net/quic-raw.ts';

const { Read, Write } = quiche.Shutdown;
const NONE = Buffer.alloc(0);
/** Streams remembered to be worked at. */
const RECENT = 24;
const STRIDE = 4;

type Operation = () => void;

export class HostilePeer {
  readonly raw: RawPeer;
  /** Streams opened by either side. */
  streams = 0;
  readonly #fuzzing: Fuzzing;
  readonly #name: string;
  readonly #recent: number[] = [];
  /** Bytes sent and received per stream. */
  readonly #sent = new Map<number, number>();
  readonly #received = new Map<number, number>();
  readonly #into = Buffer.alloc(65_536);
  #next = 0;

  constructor(name: string, raw: RawPeer, fuzzing: Fuzzing) {
    this.#name = name;
    this.raw = raw;
    this.#fuzzing = fuzzing;
  }

  operate(): void {
    const { random } = this.#fuzzing;
    this.#look();
    if (this.#recent.length === 0 || below(random, 6) === 0) this.#open();
    const id = this.#recent.length === 0 ? 0 : pick(random, this.#recent);
    const code = below(random, 100);
    const choices: Operation[] = [
      () => this.#send(id, someLength(random), below(random, 5) === 0),
      () => this.#send(id, someLength(random), false),
      () => this.#send(id, 0, true),
      () => this.raw.native.streamShutdown(id, Read, code),
      () => this.raw.native.streamShutdown(id, Write, code),
      () => this.#receive(id),
      () => this.#receive(id),
      () => this.raw.native.sendAckEliciting(),
      () => this.#interrupted(),
    ];
    this.#attempt(pick(random, choices));
    if (below(random, 3) > 0) this.flush();
  }

  flush(): void {
    this.#attempt(() => this.raw.flush());
  }

  /** Ends both halves of everything. */
  finish(): void {
    const { native } = this.raw;
    this.#look();
    for (const id of [...this.#sent.keys(), ...this.#received.keys()]) {
      this.#attempt(() => native.streamShutdown(id, Write, 0));
      this.#attempt(() => this.#receive(id));
      this.#attempt(() => native.streamShutdown(id, Read, 0));
      if (native.streamFinished(id)) {
        this.#sent.delete(id);
        this.#received.delete(id);
      }
    }
    this.flush();
  }

  #open(): number | undefined {
    if (this.raw.native.peerStreamsLeftBidi() <= 0) return undefined;
    const id = this.#next;
    this.#attempt(() => this.raw.native.streamSend(id, NONE, false));
    this.#next += STRIDE;
    this.#remember(id);
    return id;
  }

  /** Stop, data with the end, and reset, in any order, before anybody reads. */
  #interrupted(): void {
    const { random } = this.#fuzzing;
    const id = this.#open();
    if (id === undefined) return;
    const { native } = this.raw;
    const steps: Operation[] = [
      () => native.streamShutdown(id, Read, 1),
      () => this.#send(id, 9_000, true),
      () => native.streamShutdown(id, Write, 2),
    ];
    if (below(random, 2) === 0) this.#attempt(() => this.#send(id, 1, false));
    for (let left = steps.length; left > 0; left--) {
      const [step] = steps.splice(below(random, left), 1);
      if (step !== undefined) this.#attempt(step);
      if (below(random, 2) === 0) this.flush();
    }
  }

  /** Streams the other side opened. */
  #look(): void {
    const { native } = this.raw;
    if (!native.isReadable()) return;
    for (const id of native.readable()) if (id % STRIDE === 1 && !this.#received.has(id)) this.#remember(id);
  }

  #remember(id: number): void {
    this.streams++;
    this.#sent.set(id, 0);
    this.#received.set(id, 0);
    this.#recent.push(id);
    if (this.#recent.length > RECENT) this.#recent.splice(0, 1);
  }

  #send(id: number, length: number, end: boolean): void {
    const offset = this.#sent.get(id) ?? 0;
    const taken = this.raw.native.streamSend(id, bytesAt(PATTERN_SIDE.hostile, id, offset, length), end);
    this.#sent.set(id, offset + (taken ?? 0));
  }

  #receive(id: number): void {
    for (let end = false; !end;) {
      const result = this.raw.native.streamRecv(id, this.#into);
      if (result === null) return;
      const offset = this.#received.get(id) ?? 0;
      const bytes = this.#into.subarray(0, result[0]);
      if (Buffer.compare(bytes, bytesAt(PATTERN_SIDE.ours, id, offset, result[0])) !== 0)
        this.#fuzzing.found(`${this.#name}: stream ${id}: other bytes at ${offset}`);
      this.#received.set(id, offset + result[0]);
      end = result[1];
    }
  }

  #attempt(run: Operation): void {
    try {
      run();
    } catch {
      // the binding's own complaint about an operation that came too late
    }
  }
}
