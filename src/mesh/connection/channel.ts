/**
 * One of the three long-lived streams (control, dht, rpc): frames in, frames out.
 *
 * Until the connection is accepted nothing is read from dht and rpc: what a peer sends before its hello waits
 * in the stream's flow control, not with us.
 */
import { FrameReader, type FrameEvent } from '../../codec/frame-reader.ts';
import { encodeFrame } from '../../codec/frame.ts';
import type { FrameType } from '../../codec/frame-type.ts';
import { CONTROL_FRAME_CAP, RPC_FRAME_CAP } from '../../codec/limits.ts';
import type { PayloadOf } from '../../codec/payloads.ts';
import type { Stream, StreamEvents } from '../../transport/transport.ts';

/** The dialer opens them in this order (DESIGN D5). */
export const CHANNELS = ['control', 'dht', 'rpc'] as const;
export type ChannelName = (typeof CHANNELS)[number];

/** Bytes queued on a channel's stream above which less should be written, once the transport says so too. */
const MUCH = 65_536;

export interface ChannelOwner {
  onFrame(channel: Channel, event: FrameEvent): void;
  /** The stream ended or was reset: the connection cannot go on (SPEC D8). */
  onChannelLost(channel: Channel, detail: string): void;
  onChannelDrain(channel: Channel): void;
}

export class Channel implements StreamEvents {
  readonly name: ChannelName;
  /** True while much is queued on the stream, and until the peer has opened it. */
  congested = true;
  /** Bytes written, in all. */
  written = 0;
  readonly #owner: ChannelOwner;
  readonly #reader: FrameReader;
  #stream: Stream | undefined;
  #held: boolean;

  constructor(name: ChannelName, owner: ChannelOwner, held: boolean) {
    this.name = name;
    this.#owner = owner;
    this.#reader = new FrameReader(name === 'rpc' ? RPC_FRAME_CAP : CONTROL_FRAME_CAP);
    this.#held = held;
  }

  /** Bytes that the transport has not taken yet. */
  get queued(): number {
    return this.#stream?.queued ?? 0;
  }

  attach(stream: Stream): void {
    this.#stream = stream;
    if (this.#held) stream.pause();
    this.congested = false;
    this.#owner.onChannelDrain(this);
  }

  /** The hello was accepted: reads what waited and everything from now on. */
  release(): void {
    this.#held = false;
    this.#stream?.resume();
  }

  /** Encodes and sends; false when the frame could not be encoded or there is no stream. */
  send<T extends FrameType>(type: T, payload: PayloadOf<T>): boolean {
    const encoded = encodeFrame(type, payload, this.#reader.cap);
    if (!encoded.ok) return false;
    this.write(encoded.bytes);
    return true;
  }

  write(bytes: Uint8Array): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.written += bytes.length;
    // a link congested by large messages must not hold up the small ones
    if (!stream.write(bytes) && stream.queued > MUCH) this.congested = true;
  }

  onData(bytes: Uint8Array): void {
    for (const event of this.#reader.push(bytes)) this.#owner.onFrame(this, event);
  }

  onEnd(): void {
    this.#owner.onChannelLost(this, `the ${this.name} stream ended`);
  }

  onReset(code: number): void {
    this.#owner.onChannelLost(this, `the ${this.name} stream was reset (${code})`);
  }

  onDrain(): void {
    this.congested = false;
    this.#owner.onChannelDrain(this);
  }
}
