/**
 * Which stream belongs to which tunnel. Pure; clock milliseconds come in.
 *
 * The control stream and the streams of tunnels are not ordered against each other: a stream may come before the message that says
 * what it is, and after it. What has no counterpart waits a bounded time, in bounded number (SPEC §11.3).
 */
import type { TunnelNotify, TunnelOk, TunnelRefused } from '../protocol/messages.ts';

/** Milliseconds for the counterpart. */
export const PATIENCE = 5_000;
/** Streams, and announced tunnels, that wait for theirs. */
export const MOST_WAITING = 64;
/** Requests under way. */
export const MOST_REQUESTS = 64;

/** A request of ours. */
export interface Asking {
  /** 16 bytes. */
  readonly id: Uint8Array;
  readonly target: string;
}

export type Match<Stream, Request> =
  | {
      readonly tag: 'outbound';
      readonly id: string;
      readonly request: Request;
      /** The name of the other end, whole where the relay has told it. */
      readonly peer: string;
      readonly stream: Stream;
    }
  | { readonly tag: 'inbound'; readonly id: string; readonly source: string; readonly stream: Stream }
  /** Its counterpart is waited for. */
  | { readonly tag: 'waiting' }
  /** Nobody wants it. */
  | { readonly tag: 'refused' };

/** What an answer of the relay means. */
export type Answered<Stream, Request> =
  | Match<Stream, Request>
  /** The relay has answered for another node than was asked for, or refused. */
  | {
      readonly tag: 'failed';
      readonly request: Request;
      readonly why: 'wrong_target' | 'refused';
      readonly reason: string;
      /** What came for it. */
      readonly stream?: Stream | undefined;
    }
  /** Whoever asked has given up: the tunnel is to be closed. `stream` is what came for it. */
  | { readonly tag: 'unwanted'; readonly stream: Stream | undefined }
  /** It answers nothing that was asked. */
  | { readonly tag: 'unknown' };

interface Pending<Request> {
  readonly request: Request;
  readonly target: string;
  /** Given up; the answer is still to come. */
  abandoned: boolean;
}

interface Expected<Request> {
  /** Undefined: nobody wants it any more. */
  readonly request: Request | undefined;
  /** For a tunnel of somebody else's. */
  readonly source: string | undefined;
  /** For one of ours. */
  readonly peer?: string;
  readonly until: number;
}

const WAITING = { tag: 'waiting' } as const;
const REFUSED = { tag: 'refused' } as const;

export class Matches<Stream, Request> {
  /** By the id of the request, in the order of asking. */
  readonly #pending = new Map<string, Pending<Request>>();
  /** Tunnels whose streams have not come, by their ids. */
  readonly #expected = new Map<string, Expected<Request>>();
  /** Streams of which nobody has said what they are. */
  readonly #orphans = new Map<string, { readonly stream: Stream; readonly until: number }>();

  get pending(): number {
    return this.#pending.size;
  }
  get orphans(): number {
    return this.#orphans.size;
  }
  /** Announced by the relay, and not here yet. */
  get announced(): number {
    return Array.from(this.#expected.values()).filter(({ source }) => source !== undefined).length;
  }

  /** False when too much is under way. */
  ask({ id, target }: Asking, request: Request): boolean {
    if (this.#pending.size >= MOST_REQUESTS) return false;
    this.#pending.set(hex(id), { request, target, abandoned: false });
    return true;
  }

  /** Nobody waits for it any more. What comes of it is refused. */
  giveUp(request: Request, now: number): void {
    for (const pending of this.#pending.values()) if (pending.request === request) pending.abandoned = true;
    for (const [id, expected] of this.#expected)
      if (expected.request === request)
        this.#expected.set(id, { request: undefined, source: undefined, until: now + PATIENCE });
  }

  ok({ tunnel_id, request_id, target }: TunnelOk, now: number): Answered<Stream, Request> {
    const pending = this.#take(request_id);
    if (pending === undefined) return { tag: 'unknown' };
    const { request, abandoned } = pending;
    const peer = target ?? pending.target;
    const wrong = target !== undefined && !isThat(pending.target, target);
    const orphan = this.#orphans.get(tunnel_id);
    // an id is used once: a tunnel that somebody waits for stays that one's
    const isTaken = this.#expected.has(tunnel_id);
    if (abandoned || wrong || isTaken || (orphan === undefined && !this.#hasRoom())) {
      this.#orphans.delete(tunnel_id);
      if (orphan === undefined && !isTaken && this.#hasRoom())
        this.#expected.set(tunnel_id, { request: undefined, source: undefined, until: now + PATIENCE });
      const stream = orphan?.stream;
      if (abandoned) return { tag: 'unwanted', stream };
      return {
        tag: 'failed',
        request,
        why: wrong ? 'wrong_target' : 'refused',
        reason: wrong ? target : isTaken ? 'tunnel_id_in_use' : 'overloaded',
        stream,
      };
    }
    if (orphan !== undefined) {
      this.#orphans.delete(tunnel_id);
      return { tag: 'outbound', id: tunnel_id, request, peer, stream: orphan.stream };
    }
    this.#expected.set(tunnel_id, { request, source: undefined, peer, until: now + PATIENCE });
    return WAITING;
  }

  refused({ reason, request_id }: TunnelRefused): Answered<Stream, Request> {
    const pending = this.#take(request_id);
    if (pending === undefined) return { tag: 'unknown' };
    if (pending.abandoned) return { tag: 'unknown' };
    return { tag: 'failed', request: pending.request, why: 'refused', reason };
  }

  notified({ tunnel_id, source }: TunnelNotify, now: number): Match<Stream, Request> {
    const orphan = this.#orphans.get(tunnel_id);
    if (orphan !== undefined) {
      this.#orphans.delete(tunnel_id);
      return { tag: 'inbound', id: tunnel_id, source, stream: orphan.stream };
    }
    if (this.#expected.has(tunnel_id) || !this.#hasRoom()) return REFUSED;
    this.#expected.set(tunnel_id, { request: undefined, source, until: now + PATIENCE });
    return WAITING;
  }

  stream(id: string, stream: Stream, now: number): Match<Stream, Request> {
    const expected = this.#expected.get(id);
    this.#expected.delete(id);
    if (expected?.request !== undefined)
      return { tag: 'outbound', id, request: expected.request, peer: expected.peer ?? '', stream };
    if (expected?.source !== undefined) return { tag: 'inbound', id, source: expected.source, stream };
    // an id is used once
    if (expected !== undefined || this.#orphans.has(id) || this.#orphans.size >= MOST_WAITING) return REFUSED;
    this.#orphans.set(id, { stream, until: now + PATIENCE });
    return WAITING;
  }

  /** A stream that waited is over. */
  gone(stream: Stream): void {
    for (const [id, orphan] of this.#orphans) if (orphan.stream === stream) this.#orphans.delete(id);
  }

  /** When the first of them has waited for too long, clock ms; Infinity: nothing waits. */
  get next(): number {
    let next = Infinity;
    for (const { until } of this.#orphans.values()) next = Math.min(next, until);
    for (const { until } of this.#expected.values()) next = Math.min(next, until);
    return next;
  }

  /** Streams that have waited for too long, and requests whose stream did not come. */
  expired(now: number): { readonly streams: Stream[]; readonly requests: readonly Request[] } {
    const streams: Stream[] = [];
    const requests: Request[] = [];
    for (const [id, { stream, until }] of this.#orphans) {
      if (until > now) continue;
      this.#orphans.delete(id);
      streams.push(stream);
    }
    for (const [id, { request, until }] of this.#expected) {
      if (until > now) continue;
      this.#expected.delete(id);
      if (request !== undefined) requests.push(request);
    }
    return { streams, requests };
  }

  /** Whoever waits, when the connection is lost. */
  all(): readonly Request[] {
    const asked = Array.from(this.#pending.values(), ({ request, abandoned }) =>
      abandoned ? [] : [request],
    );
    const expected = Array.from(this.#expected.values(), ({ request }) =>
      request === undefined ? [] : [request],
    );
    return [...asked, ...expected].flat();
  }

  #hasRoom(): boolean {
    return this.#expected.size < MOST_WAITING;
  }

  /** A relay that knows nothing of request ids answers in their order. */
  #take(id: Uint8Array | undefined): Pending<Request> | undefined {
    const key = id === undefined ? this.#pending.keys().next().value : hex(id);
    if (key === undefined) return undefined;
    const pending = this.#pending.get(key);
    this.#pending.delete(key);
    return pending;
  }
}

/** Whether `name` is what was asked for: the name itself, or one that begins with the part before the `@`. */
const isThat = (asked: string, name: string): boolean =>
  asked.includes('@') ? asked === name : name.startsWith(`${asked}@`);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
