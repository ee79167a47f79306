/**
 * A stream that a relay has opened, from its first byte: the id of its tunnel, and then what the other end sends.
 *
 * Until somebody takes it little more is read than what came with the id. It may be handed on once; no byte is lost or changes its
 * place (DIST §10).
 */
import type { ResetCode, Stream, StreamEvents } from '../../../transport/transport.ts';
import { ByteQueue } from '../byte-queue.ts';
import type { FlowStream } from '../flow-stream.ts';
import { PrefixReader } from '../protocol/tunnel-id.ts';

export interface RawTunnelEvents {
  /** The id is there. */
  readonly named: (tunnel: RawTunnel, id: string) => void;
  /** It is no tunnel. */
  readonly invalid: (tunnel: RawTunnel) => void;
  /** It was over before anybody took it. */
  readonly gone: (tunnel: RawTunnel) => void;
}

/** Bytes that are kept for whoever takes it; then the sender is held back. */
const KEPT = 65_536;

export class RawTunnel implements StreamEvents {
  readonly stream: Stream;
  #flow: FlowStream | undefined;
  readonly #events: RawTunnelEvents;
  readonly #prefix = new PrefixReader();
  #isNamed = false;
  #taken: StreamEvents | undefined;
  readonly #early = new ByteQueue();
  #ended = false;
  #over = false;

  constructor(stream: Stream, events: RawTunnelEvents) {
    this.stream = stream;
    this.#events = events;
  }

  /** What is written to, and held back. */
  get channel(): Stream {
    return this.#flow ?? this.stream;
  }

  /** The hop has windows. Before it is taken. */
  flows(flow: FlowStream): void {
    this.#flow = flow.attach(this.stream);
  }

  /** Whoever takes it gets everything from now on, first what came before. False: it is over. */
  take(receiver: StreamEvents): boolean {
    if (this.#over) return false;
    const taken = this.#flow?.take(receiver) ?? receiver;
    this.#taken = taken;
    // first, for nothing comes during the call, and who has enough with what was kept may hold it back
    this.stream.resume();
    for (let bytes = this.#early.take(); bytes !== undefined; bytes = this.#early.take()) taken.onData(bytes);
    if (this.#ended) taken.onEnd();
    return true;
  }

  /** Resets it if nobody has taken it: whoever has ends it, and may have something to say before. */
  decline(code: ResetCode): void {
    if (this.#taken === undefined) this.reset(code);
  }

  reset(code: ResetCode): void {
    this.#over = true;
    this.channel.reset(code);
  }

  onData(bytes: Uint8Array): void {
    if (this.#taken !== undefined) {
      this.#taken.onData(bytes);
      return;
    }
    if (this.#isNamed) {
      this.#keep(bytes);
      return;
    }
    const read = this.#prefix.push(bytes);
    if (read.tag === 'more') return;
    if (read.tag === 'no_id') {
      this.#events.invalid(this);
      return;
    }
    this.#isNamed = true;
    if (read.rest.length > 0) this.#keep(read.rest);
    this.#events.named(this, read.id);
  }

  #keep(bytes: Uint8Array): void {
    this.#early.push(Uint8Array.prototype.slice.call(bytes));
    if (this.#early.length > KEPT) this.stream.pause();
  }

  onEnd(): void {
    this.#ended = true;
    if (this.#taken !== undefined) this.#taken.onEnd();
    else if (!this.#isNamed) this.#events.invalid(this);
  }

  onReset(code: number): void {
    this.#over = true;
    if (this.#taken !== undefined) this.#taken.onReset(code);
    else {
      this.#flow?.onReset(code);
      this.#events.gone(this);
    }
  }

  onDrain(): void {
    this.#taken?.onDrain();
  }
}
