/**
 * One connection to a dist relay: its control stream, and what is said on it (SPEC §11.3).
 *
 * Everything happens in direct calls; the actor of the relay (`relay-session.ts`) owns it. Nothing here outlives the connection.
 */
import {
  CloseCode,
  type CloseReason,
  type Link,
  type LinkEvents,
  type LinkStats,
  type ResetCode,
  type Stream,
  type StreamEvents,
} from '../../../transport/transport.ts';
import { encodeControl } from '../protocol/control-encode.ts';
import { ControlReader } from '../protocol/control-reader.ts';
import {
  PASSES_DATAGRAMS,
  RELAY_VERSION,
  type ControlMessage,
  type Identified,
  type Identify,
} from '../protocol/messages.ts';
import { failed, TunnelStreams, type Requested, type TunnelStreamsOptions } from './tunnel-streams.ts';

/** Of a relay that does not say it (SECURITY §10.2). */
const IDLE = 300_000;

export type LinkBytes = Pick<LinkStats, 'bytesSent' | 'bytesReceived'>;

export interface RelayLinkOptions extends Pick<TunnelStreamsOptions, 'now' | 'later' | 'inbound'> {
  readonly opened: () => void;
  /** The relay has taken our name. */
  readonly identified: () => void;
  /** It is over. Once, and not after `close`. */
  readonly lost: (why: string) => void;
}

export class RelayLink implements LinkEvents {
  readonly #options: RelayLinkOptions;
  readonly #reader = new ControlReader();
  readonly #streams: TunnelStreams;
  #link: Link | undefined;
  #control: Stream | undefined;
  #seed: Uint8Array | undefined;
  #over = false;
  #carried: LinkBytes = { bytesSent: 0, bytesReceived: 0 };
  /** Of the relay; 0: a foreign one. */
  version = 0;
  /** Milliseconds without a byte in its streams after which the relay closes a tunnel. */
  idle: number = IDLE;

  constructor(options: RelayLinkOptions) {
    this.#options = options;
    this.#streams = new TunnelStreams({
      ...options,
      send: (message) => this.#send(message),
      hasWindows: () => this.version > 0,
    });
  }

  /** It was lost, or closed. */
  get over(): boolean {
    return this.#over;
  }
  get link(): Link | undefined {
    return this.#link;
  }
  /** It passes on datagrams of the ends of a tunnel. */
  get passesDatagrams(): boolean {
    return this.version >= PASSES_DATAGRAMS;
  }
  get pending(): number {
    return this.#streams.pending;
  }
  get orphans(): number {
    return this.#streams.orphans;
  }
  get announced(): number {
    return this.#streams.announced;
  }

  /** The connection that was dialed. */
  attach(link: Link): void {
    this.#link = link;
    if (this.#over) link.close(CloseCode.normal);
  }

  /** Bytes of connections through the relay that are over, and its own. */
  get bytes(): LinkBytes {
    const own = this.#link?.stats();
    const { bytesSent, bytesReceived } = this.#carried;
    return {
      bytesSent: bytesSent + (own?.bytesSent ?? 0),
      bytesReceived: bytesReceived + (own?.bytesReceived ?? 0),
    };
  }

  /** A connection through the relay is over. */
  carry({ bytesSent, bytesReceived }: LinkBytes): void {
    const carried = this.#carried;
    this.#carried = {
      bytesSent: carried.bytesSent + bytesSent,
      bytesReceived: carried.bytesReceived + bytesReceived,
    };
  }

  /** Opens the control stream, and says who we are. False when it cannot. */
  identify(message: Identify): boolean {
    this.#control = this.#link?.openStream({
      onData: (bytes) => this.#read(bytes),
      onEnd: () => this.#end('the relay has ended the control stream'),
      // where the connection has ended, that says why
      onReset: () => {
        if (this.#link?.state === 'open') this.#end('the relay has reset the control stream');
      },
      onDrain: () => {},
    });
    if (this.#control === undefined) return false;
    this.#seed = message.seed;
    this.#send(message);
    return true;
  }

  /** Asks for a tunnel. `done` is called once, unless it is given up by what this returns. */
  request(id: Uint8Array, requested: Requested): () => void {
    if (!this.#over) return this.#streams.ask(id, requested);
    requested.done(failed('connection_error', 'the connection to the relay has ended'));
    return () => {};
  }

  closeTunnel(id: string): void {
    this.#send({ type: 'tunnel_close', tunnel_id: id });
  }

  /** Ends it; whoever waits is told. */
  close(why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#streams.end(why);
    this.#link?.close(CloseCode.normal);
  }

  // --- what the link tells ------------------------------------------------------------------------------------

  onOpen(link: Link): void {
    this.#link = link;
    if (this.#over) link.close(CloseCode.normal);
    else this.#options.opened();
  }

  onStream(stream: Stream): StreamEvents | ResetCode {
    return this.#streams.open(stream);
  }

  onCredit(): void {}

  onClose(reason: CloseReason): void {
    this.#end(closeText(reason));
  }

  onFault(error: unknown): void {
    this.#end(error instanceof Error ? error.message : 'fault');
  }

  // --- what the relay says ------------------------------------------------------------------------------------

  #read(bytes: Uint8Array): void {
    for (const event of this.#reader.push(bytes)) {
      if (this.#over) return;
      if (event.tag === 'message') this.#take(event.message);
      else this.#end('the relay has sent a frame that is too large');
    }
  }

  #take(message: ControlMessage): void {
    switch (message.type) {
      case 'identified':
        this.#identified(message);
        return;
      case 'refused':
        this.#end(`refused: ${message.reason}`);
        return;
      case 'tunnel_ok':
        this.#streams.ok(message);
        return;
      case 'tunnel_error':
        this.#streams.refused(message);
        return;
      case 'tunnel_notify':
        this.#streams.notified(message);
        return;
      case 'tunnel_credit':
        this.#streams.allow(message.tunnel_id, message.bytes);
        return;
      default:
    }
  }

  #identified({ version = 0, seed, idle = IDLE }: Identified): void {
    this.idle = idle;
    this.version = Math.min(version, RELAY_VERSION);
    this.#link?.admit();
    if (this.#seed !== undefined && seed !== undefined) this.#link?.keyPaths(this.#seed, seed);
    this.#options.identified();
  }

  #send(message: ControlMessage): void {
    if (!this.#over) this.#control?.write(encodeControl(message));
  }

  #end(why: string): void {
    if (this.#over) return;
    this.close(why);
    this.#options.lost(why);
  }
}

function closeText(reason: CloseReason): string {
  switch (reason.tag) {
    case 'remote':
      return `the relay has closed the connection${reason.reason === '' ? '' : `: ${reason.reason}`}`;
    case 'handshake_failed':
    case 'transport_error':
      return `${reason.tag}: ${reason.detail}`;
    default:
      return reason.tag;
  }
}
