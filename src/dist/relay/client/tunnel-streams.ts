/**
 * The streams of the tunnels of one connection to a relay: what each is, who waits for it, and how much may be under way in it.
 *
 * What `matches.ts` decides is done here: streams are handed on or reset, whoever asked is told, and nothing waits longer than it may.
 */
import { ResetCode, type Stream, type StreamEvents } from '../../../transport/transport.ts';
import { FlowStream } from '../flow-stream.ts';
import type { ControlMessage, TunnelNotify, TunnelOk, TunnelRefused } from '../protocol/messages.ts';
import { TunnelError } from '../tunnel-error.ts';
import { Spare } from '../window.ts';
import { Matches, PATIENCE, type Answered, type Match } from './matches.ts';
import { RawTunnel } from './raw-tunnel.ts';

/** A request under way. */
export interface Requested {
  readonly target: string;
  readonly done: (result: RawTunnelResult) => void;
}

export type RawTunnelResult =
  | { readonly ok: true; readonly tunnel: RawTunnel; readonly id: string; readonly peer: string }
  | { readonly ok: false; readonly error: TunnelError };

export interface TunnelStreamsOptions {
  /** Clock ms. */
  readonly now: () => number;
  /** `run` is to be called in so many milliseconds; not any more when its caller has ended. */
  readonly later: (milliseconds: number, run: () => void) => void;
  readonly send: (message: ControlMessage) => void;
  /** Whether the other end of the hop keeps to windows. */
  readonly hasWindows: () => boolean;
  /** Somebody wants to reach us. */
  readonly inbound: (tunnel: RawTunnel, id: string, source: string) => void;
}

export class TunnelStreams {
  readonly #options: TunnelStreamsOptions;
  readonly #matches = new Matches<RawTunnel, Requested>();
  /** Streams whose id is not there yet, and until when they may take for it. */
  readonly #unnamed = new Map<RawTunnel, number>();
  /** Those with windows, by their ids. */
  readonly #flows = new Map<string, FlowStream>();
  readonly #spare = new Spare();
  #watching = false;
  #over = false;

  constructor(options: TunnelStreamsOptions) {
    this.#options = options;
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

  /** `done` is called once, unless it is given up by what this returns. */
  ask(id: Uint8Array, requested: Requested): () => void {
    const { target } = requested;
    if (!this.#matches.ask({ id, target }, requested)) {
      requested.done(failed('overloaded', 'too many requests are under way'));
      return () => {};
    }
    this.#options.send({ type: 'tunnel_request', target, request_id: id });
    return () => {
      this.#matches.giveUp(requested, this.#options.now());
      this.#watch();
    };
  }

  /** The relay has opened a stream. */
  open(stream: Stream): StreamEvents {
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

  ok(message: TunnelOk): void {
    this.#answered(this.#matches.ok(message, this.#options.now()), message.tunnel_id);
    this.#watch();
  }

  refused(message: TunnelRefused): void {
    this.#answered(this.#matches.refused(message), undefined);
  }

  notified(message: TunnelNotify): void {
    const match = this.#matches.notified(message, this.#options.now());
    if (match.tag === 'refused') this.#close(message.tunnel_id);
    else this.#matched(match, undefined);
    this.#watch();
  }

  /** So many bytes more may be sent. */
  allow(id: string, bytes: number): void {
    this.#flows.get(id)?.allow(bytes);
  }

  /** The connection has ended: whoever waits is told. */
  end(why: string): void {
    this.#over = true;
    for (const { done } of this.#matches.all()) done(failed('connection_error', why));
  }

  #answered(answered: Answered<RawTunnel, Requested>, id: string | undefined): void {
    switch (answered.tag) {
      case 'failed': {
        if (id !== undefined) this.#close(id);
        answered.stream?.reset(ResetCode.canceled);
        const { target, done } = answered.request;
        if (answered.why === 'wrong_target')
          done(failed('wrong_target', `the relay has answered with ${answered.reason} for ${target}`));
        else done(refusal(answered.reason, target));
        return;
      }
      case 'unwanted':
        if (id !== undefined) this.#close(id);
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

  #flow(tunnel: RawTunnel, id: string): void {
    const { now, send, hasWindows } = this.#options;
    if (!hasWindows()) return;
    const flow = new FlowStream({
      now,
      spare: this.#spare,
      credit: (bytes) => send({ type: 'tunnel_credit', tunnel_id: id, bytes }),
      over: () => this.#flows.delete(id),
    });
    this.#flows.set(id, flow);
    tunnel.flows(flow);
  }

  #close(id: string): void {
    this.#options.send({ type: 'tunnel_close', tunnel_id: id });
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
}

export const failed = (failure: TunnelError['failure'], text: string): RawTunnelResult => ({
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
