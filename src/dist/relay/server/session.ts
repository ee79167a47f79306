/**
 * One client of a dist relay: its connection, its control stream, and what it asks for (SPEC §11.2).
 *
 * What the client sends is handled in direct calls; the actor (`session-server.ts`) owns its life and its timers.
 */
import { isOrderly } from '../../../actor/exit-reason.ts';
import type { Process } from '../../../actor/process.ts';
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
import { encodeControl } from '../protocol/control-encode.ts';
import { ControlReader } from '../protocol/control-reader.ts';
import {
  OUR_STYLE,
  PASSES_DATAGRAMS,
  RELAY_VERSION,
  type ControlMessage,
  type ControlStyle,
  type Identify,
  type TunnelRequest,
} from '../protocol/messages.ts';
import { judgeIdentify } from './identifying.ts';
import { BURST } from './limits.ts';
import { openTunnel } from './open-tunnel.ts';
import type { RelayContext } from './relay-context.ts';
import { TokenBucket } from './token-bucket.ts';
import { Spare } from '../window.ts';
import type { Tunnel } from './tunnel.ts';

/** Bytes of answers that may wait for a client that does not read. */
const MOST_QUEUED = 262_144;
/** Control messages per second; so many at once. */
const MESSAGES = 500;
/** What a message costs of these that says how much may be sent: whoever takes much says it often. */
const CREDIT = 1 / 32;
/** Random bytes of the keys of the path. */
const SEED = 32;

export class Session implements LinkEvents {
  readonly context: RelayContext;
  readonly link: Link;
  /** Undefined until it has said so. */
  name: string | undefined;
  /** Unix milliseconds: it was a member until then. */
  until: number = Infinity;
  /** Those of both directions, by their ids. */
  readonly tunnels: Map<string, Tunnel> = new Map();
  /** What all it sends into tunnels is counted against. */
  readonly rates: readonly [streams: TokenBucket, datagrams: TokenBucket];
  /** Milliseconds of the clock at its beginning. */
  readonly since: number;
  /** Bytes that it has sent into tunnels that are over. */
  passed = 0;
  /** Those of them that have windows, by their ids. */
  readonly #flows = new Map<string, FlowStream>();
  readonly #spare = new Spare();
  readonly #messages = new TokenBucket({ rate: MESSAGES, burst: 2 * MESSAGES });
  readonly #reader = new ControlReader();
  #process: Process | undefined;
  #control: Stream | undefined;
  #style: ControlStyle = OUR_STYLE;
  #over = false;

  constructor(context: RelayContext, link: Link) {
    this.context = context;
    this.link = link;
    const { rate } = context.limits;
    this.since = context.runtime.clock.now();
    this.rates = TokenBucket.pair({ rate, burst: rate * BURST });
  }

  /** Its key, hex. */
  get key(): string | undefined {
    const id = this.link.peer?.nodeId;
    return id === undefined ? undefined : Buffer.from(id).toString('hex');
  }

  get address(): string {
    const { host, port } = this.link.observed;
    return `${host}:${port}`;
  }

  /** Whether it sends our own optional fields. */
  get isOurs(): boolean {
    return this.version > 0;
  }
  version = 0;

  /** Whether others' datagrams reach it: not where it has no key, for that is another socket. */
  get takesDatagrams(): boolean {
    return this.version >= PASSES_DATAGRAMS && this.link.peer !== undefined;
  }

  /** The stream of a tunnel on the hop to this client, with windows. @param over it has ended. */
  flow(id: string, over: () => void): FlowStream {
    const { clock } = this.context.runtime;
    const flow = new FlowStream({
      now: () => clock.now(),
      spare: this.#spare,
      credit: (bytes) => this.send({ type: 'tunnel_credit', tunnel_id: id, bytes }),
      over: () => {
        this.#flows.delete(id);
        over();
      },
    });
    this.#flows.set(id, flow);
    return flow;
  }

  begin(process: Process): void {
    this.#process = process;
    process.runtime.onExit(process, (reason) => {
      if (isOrderly(reason)) this.end('shutdown', CloseCode.shuttingDown);
      else this.end('actor_down', CloseCode.internal);
    });
  }

  send(message: ControlMessage): void {
    const control = this.#control;
    if (control === undefined || this.#over) return;
    control.write(encodeControl(message, this.#style));
    if (control.queued > MOST_QUEUED) this.end('slow_consumer', CloseCode.slowConsumer);
  }

  /** Ends the connection, and with it all its tunnels. Once. */
  end(reason: string, code: CloseCode): void {
    if (this.#over) return;
    this.#over = true;
    const { context, name } = this;
    context.roster.leave(this);
    for (const tunnel of Array.from(this.tunnels.values())) tunnel.cut('client_gone');
    this.link.close(code, reason);
    if (name !== undefined) context.events.emit('dist.client_left', { node: name, reason });
    this.#process?.runtime.send(this.#process, new Ended(reason));
  }

  // --- what the link tells ------------------------------------------------------------------------------------

  onOpen(): void {}

  onStream(stream: Stream): StreamEvents | ResetCode {
    // the first one is the control stream; all others are opened here
    if (this.#control !== undefined) return ResetCode.notAccepted;
    this.#control = stream;
    return {
      onData: (bytes) => this.#read(bytes),
      onEnd: () => this.end('control_ended', CloseCode.normal),
      // where the connection has ended, that says why
      onReset: () => {
        if (this.link.state === 'open') this.end('control_reset', CloseCode.normal);
      },
      onDrain: () => {},
    };
  }

  onCredit(): void {}

  onClose(reason: CloseReason): void {
    this.end(reason.tag, CloseCode.normal);
  }

  onFault(error: unknown): void {
    this.context.runtime.defect(error);
    this.end('fault', CloseCode.internal);
  }

  // --- what the client says -----------------------------------------------------------------------------------

  #read(bytes: Uint8Array): void {
    const { counts, runtime } = this.context;
    const reader = this.#reader;
    const before = reader.skipped;
    for (const event of reader.push(bytes)) {
      if (this.#over) return;
      if (event.tag === 'frame_too_large') {
        this.end('frame_too_large', CloseCode.protocolError);
        return;
      }
      this.#style = event.style;
      this.#take(event.message);
      this.#messages.take(event.message.type === 'tunnel_credit' ? CREDIT : 1, runtime.clock.now());
    }
    const skipped = reader.skipped - before;
    counts.skipped += skipped;
    this.#messages.take(skipped, runtime.clock.now());
    this.#slowDown();
  }

  /** A client that says too much is read more slowly. */
  #slowDown(): void {
    const { runtime } = this.context;
    const wait = this.#messages.wait(runtime.clock.now());
    const [process, control] = [this.#process, this.#control];
    if (wait <= 0 || process === undefined || control === undefined) return;
    control.pause();
    runtime.workAfter(wait, process, () => control.resume());
  }

  #take(message: ControlMessage): void {
    switch (message.type) {
      case 'identify':
        this.#identify(message);
        return;
      case 'tunnel_request':
        this.#request(message);
        return;
      case 'tunnel_close':
        // nobody else's: it is not found
        this.tunnels.get(message.tunnel_id)?.cut('closed');
        return;
      case 'tunnel_credit':
        this.#flows.get(message.tunnel_id)?.allow(message.bytes);
        return;
      default:
        this.context.counts.skipped++;
    }
  }

  #identify(message: Identify): void {
    const { context, key } = this;
    const { events, roster, runtime, limits } = context;
    const isNew = this.name === undefined && roster.find(message.node_name).tag !== 'found';
    const judged = judgeIdentify(message, this, context);
    const full = roster.size >= limits.clients && isNew ? 'full' : undefined;
    const refusal = judged.tag === 'refused' ? judged.reason : full;
    const claim = refusal === undefined ? roster.claim(message.node_name, this, key) : undefined;
    if (claim?.tag === 'refused') claim.holder.doubt();
    const reason = refusal ?? (claim?.tag === 'refused' ? 'name_taken' : undefined);
    if (reason !== undefined) {
      events.emit('dist.client_refused', { node: message.node_name, address: this.address, reason });
      this.send({ type: 'refused', reason });
      this.end(reason, CloseCode.refused);
      return;
    }
    if (claim?.tag === 'taken') claim.replaced?.end('replaced', CloseCode.duplicate);
    if (judged.tag === 'admitted') this.until = judged.until;
    this.name = message.node_name;
    this.version = Math.min(message.version ?? 0, RELAY_VERSION);
    this.link.admit();
    if (this.#process !== undefined) this.#process.label = `client ${this.name}`;
    events.emit('dist.client_identified', { node: this.name, address: this.address });
    if (!this.isOurs) {
      this.send({ type: 'identified', status: 'ok' });
      return;
    }
    const seed = runtime.random.bytes(SEED);
    // without a key it is at another socket, from which no datagrams of others come
    const version = this.key === undefined ? PASSES_DATAGRAMS - 1 : RELAY_VERSION;
    this.send({ type: 'identified', status: 'ok', version, seed, idle: limits.idle });
    if (message.seed !== undefined) this.link.keyPaths(seed, message.seed);
  }

  #request(message: TunnelRequest): void {
    const { request_id } = message;
    const rid = request_id === undefined ? {} : { request_id };
    const opened = openTunnel(this, message.target);
    if (!opened.ok) {
      this.send({ type: 'tunnel_error', reason: opened.reason, ...rid });
      return;
    }
    const { tunnel } = opened;
    this.send({
      type: 'tunnel_ok',
      tunnel_id: tunnel.id,
      ...rid,
      ...(this.isOurs ? { target: tunnel.target } : {}),
    });
  }

  /** Somebody else claims its name: it is asked whether it is there at all. */
  doubt(): void {
    this.#process?.runtime.send(this.#process, new Doubt());
  }
}

/** The connection is over. */
export class Ended {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}
/** Is it there? */
export class Doubt {
  readonly doubt = true;
}
