/**
 * One connection to a dist relay: its control stream, what was asked of it, and the streams that it opens (SPEC §11.3).
 *
 * Everything happens in direct calls; the actor of the relay (`relay-session.ts`) owns it. Nothing here outlives the connection.
 */
import {
  CloseCode,
  ResetCode,
  type CloseReason,
  type Link,
  type LinkEvents,
  type Stream,
  type StreamEvents,
} from '../../../transport/transport.ts';
import { FlowStream } from '../flow-stream.ts';
import { Spare } from '../window.ts';
import { encodeControl } from '../protocol/control-encode.ts';
import { ControlReader } from '../protocol/control-reader.ts';
import { RELAY_VERSION, type ControlMessage, type Identify } from '../protocol/messages.ts';
import { TunnelError } from '../tunnel-error.ts';
import { Matches, PATIENCE, type Answered, type Match } from './matches.ts';
import { RawTunnel } from './raw-tunnel.ts';

export interface RelayLinkOptions {
  /** Clock ms. */
  readonly now: () => number;
  readonly opened: () => void;
  /** The relay has taken our name. */
  readonly identified: () => void;
  /** It is over. Once, and not after `close`. */
  readonly lost: (why: string) => void;
  /** `run` is to be called in so many milliseconds; not any more when its caller has ended. */
  readonly later: (milliseconds: number, run: () => void) => void;
  /** Somebody wants to reach us. */
  readonly inbound: (tunnel: RawTunnel, id: string, source: string) => void;
}

/** A request under way. */
export interface Requested {
  readonly target: string;
  readonly done: (result: RawTunnelResult) => void;
}

export type RawTunnelResult =
  | { readonly ok: true; readonly tunnel: RawTunnel; readonly id: string; readonly peer: string }
  | { readonly ok: false; readonly error: TunnelError };

export class RelayLink implements LinkEvents {
  readonly #options: RelayLinkOptions;
  readonly #reader = new ControlReader();
  readonly #matches = new Matches<RawTunnel, Requested>();
  /** Streams whose id is not there yet, and until when they may take for it. */
  readonly #unnamed = new Map<RawTunnel, number>();
  #watching = false;
  /** Streams of tunnels with windows, by their ids. */
  readonly #flows = new Map<string, FlowStream>();
  readonly #spare = new Spare();
  #link: Link | undefined;
  #control: Stream | undefined;
  #seed: Uint8Array | undefined;
  #over = false;
  /** Of the relay; 0: a foreign one. */
  version = 0;

  constructor(options: RelayLinkOptions) {
    this.#options = options;
  }

  /** It was lost, or closed. */
  get over(): boolean {
    return this.#over;
  }
  get link(): Link | undefined {
    return this.#link;
  }
  get pending(): number {
    return this.#matches.pending;
  }
  get orphans(): number {
    return this.#matches.orphans;
  }
  get announced(): number {
    return this.#matches.announced;
  }

  /** The connection that was dialed. */
  attach(link: Link): void {
    this.#link = link;
    if (this.#over) link.close(CloseCode.normal);
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
    const { target } = requested;
    if (this.#over) {
      requested.done(failed('connection_error', 'the connection to the relay has ended'));
      return () => {};
    }
    if (!this.#matches.ask({ id, target }, requested)) {
      requested.done(failed('overloaded', 'too many requests are under way'));
      return () => {};
    }
    this.#send({ type: 'tunnel_request', target, request_id: id });
    return () => {
      this.#matches.giveUp(requested, this.#options.now());
      this.#watch();
    };
  }

  closeTunnel(id: string): void {
    this.#send({ type: 'tunnel_close', tunnel_id: id });
  }

  /** Ends it; whoever waits is told. */
  close(why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#fail(why);
    this.#link?.close(CloseCode.normal);
  }

  // --- what the link tells ------------------------------------------------------------------------------------

  onOpen(link: Link): void {
    this.#link = link;
    if (this.#over) link.close(CloseCode.normal);
    else this.#options.opened();
  }

  onStream(stream: Stream): StreamEvents | ResetCode {
    const raw = new RawTunnel(stream, {
      named: (tunnel, id) => {
        this.#unnamed.delete(tunnel);
        this.#matched(this.#matches.stream(id, tunnel, this.#options.now()), tunnel);
        this.#watch();
      },
      invalid: (tunnel) => {
        this.#unnamed.delete(tunnel);
        tunnel.reset(ResetCode.protocolError);
      },
      gone: (tunnel) => {
        this.#unnamed.delete(tunnel);
        this.#matches.gone(tunnel);
      },
    });
    this.#unnamed.set(raw, this.#options.now() + PATIENCE);
    this.#watch();
    return raw;
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
    const matches = this.#matches;
    const now = this.#options.now();
    switch (message.type) {
      case 'identified':
        this.version = Math.min(message.version ?? 0, RELAY_VERSION);
        this.#link?.admit();
        if (this.#seed !== undefined && message.seed !== undefined)
          this.#link?.keyPaths(this.#seed, message.seed);
        this.#options.identified();
        return;
      case 'refused':
        this.#end(`refused: ${message.reason}`);
        return;
      case 'tunnel_ok':
        this.#answered(matches.ok(message, now), message.tunnel_id);
        this.#watch();
        return;
      case 'tunnel_error':
        this.#answered(matches.refused(message), undefined);
        return;
      case 'tunnel_credit':
        this.#flows.get(message.tunnel_id)?.allow(message.bytes);
        return;
      case 'tunnel_notify': {
        const match = matches.notified(message, now);
        if (match.tag === 'refused') this.closeTunnel(message.tunnel_id);
        else this.#matched(match, undefined);
        this.#watch();
        return;
      }
      default:
    }
  }

  #answered(answered: Answered<RawTunnel, Requested>, id: string | undefined): void {
    switch (answered.tag) {
      case 'failed': {
        if (id !== undefined) this.closeTunnel(id);
        answered.stream?.reset(ResetCode.canceled);
        const { target, done } = answered.request;
        if (answered.why === 'wrong_target')
          done(failed('wrong_target', `the relay has answered with ${answered.reason} for ${target}`));
        else done(refusal(answered.reason, target));
        return;
      }
      case 'unwanted':
        if (id !== undefined) this.closeTunnel(id);
        answered.stream?.reset(ResetCode.canceled);
        return;
      case 'unknown':
        return;
      default:
        this.#matched(answered, undefined);
    }
  }

  #matched(match: Match<RawTunnel, Requested>, tunnel: RawTunnel | undefined): void {
    if (match.tag === 'outbound') {
      this.#flow(match.stream, match.id);
      match.request.done({ ok: true, tunnel: match.stream, id: match.id, peer: match.peer });
    } else if (match.tag === 'inbound') {
      this.#flow(match.stream, match.id);
      this.#options.inbound(match.stream, match.id, match.source);
    } else if (match.tag === 'refused') tunnel?.reset(ResetCode.unknownTunnel);
  }

  /** Between our own ends each tunnel has windows. */
  #flow(tunnel: RawTunnel, id: string): void {
    if (this.version === 0) return;
    const flow = new FlowStream({
      now: this.#options.now,
      spare: this.#spare,
      credit: (bytes) => this.#send({ type: 'tunnel_credit', tunnel_id: id, bytes }),
      over: () => this.#flows.delete(id),
    });
    this.#flows.set(id, flow);
    tunnel.flows(flow);
  }

  /** Sees to it that what waits for its counterpart does so no longer than it may. */
  #watch(): void {
    if (this.#watching || this.#over) return;
    const { now, later } = this.#options;
    const next = Math.min(this.#matches.next, ...this.#unnamed.values());
    if (next === Infinity) return;
    this.#watching = true;
    later(Math.max(0, next - now()), () => {
      this.#watching = false;
      if (this.#over) return;
      this.#expire(now());
      this.#watch();
    });
  }

  #expire(now: number): void {
    const { streams, requests } = this.#matches.expired(now);
    for (const [tunnel, until] of this.#unnamed) if (until <= now) streams.push(tunnel);
    for (const tunnel of streams) {
      this.#unnamed.delete(tunnel);
      tunnel.reset(ResetCode.unknownTunnel);
    }
    for (const { done } of requests) done(failed('timeout', 'the stream of the tunnel has not come'));
  }

  #send(message: ControlMessage): void {
    if (!this.#over) this.#control?.write(encodeControl(message));
  }

  #end(why: string): void {
    if (this.#over) return;
    this.close(why);
    this.#options.lost(why);
  }

  #fail(why: string): void {
    for (const { done } of this.#matches.all()) done(failed('connection_error', why));
  }
}

const failed = (failure: TunnelError['failure'], text: string): RawTunnelResult => ({
  ok: false,
  error: new TunnelError(failure, text),
});

/** What a relay's reasons mean to whoever asked. */
function refusal(reason: string, target: string): RawTunnelResult {
  if (reason === 'target_not_connected')
    return failed('target_not_connected', `the relay does not know ${target}`);
  if (reason === 'not_identified') return failed('not_identified', 'the relay does not know us');
  return failed('refused', `the relay refuses a tunnel to ${target}: ${reason}`);
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
