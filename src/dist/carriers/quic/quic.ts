/**
 * The carrier of seed 004: QUIC, names that say where the node is (`4433@192.168.1.100`), no EPMD.
 *
 * It uses an endpoint that others use too: a mesh node's own, with its one UDP socket and its path layer. Both ends prove their keys
 * (mutual TLS); the cookie says that they belong together. Source: seed 004; SPEC §10.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Clock } from '../../../actor/clock.ts';
import { isOrderly } from '../../../actor/exit-reason.ts';
import type { Process } from '../../../actor/process.ts';
import type { Random } from '../../../actor/random.ts';
import type { ChildSpec } from '../../../otp/child-spec.ts';
import type { GenServer } from '../../../otp/gen-server.ts';
import { noReply } from '../../../otp/result.ts';
import { worker } from '../../../otp/supervisor.ts';
import type { Acceptor } from '../../../transport/endpoint-server.ts';
import {
  CloseCode,
  type Endpoint,
  type LinkEvents,
  type PhysicalAddress,
  type Protocol,
} from '../../../transport/transport.ts';
import type {
  Carrier,
  DistStream,
  DistStreamEvents,
  Incoming,
  Listening,
  NetAddress,
  Setup,
  SetupResult,
} from '../../carrier.ts';
import { isPortName, splitNodeName, type SplitName } from '../../node-name.ts';
import { LinkStream } from './link-stream.ts';

const PROTOCOL: Protocol = 'macula-dist';
const SEED = 32;
/** Milliseconds in which whoever has connected opens the stream of the distribution. */
const OPENING = 5_000;
/** And for what was written to leave: when a connection is closed, and when the carrier ends. */
const [LINGER, LEAVING] = [5_000, 2_000];
/** Between two looks whether it has. */
const LOOK = 20;

export interface QuicCarrierOptions {
  /** The endpoint that it uses; undefined while that is being restarted. */
  readonly endpoint: () => Endpoint | undefined;
  readonly random: Random;
  /** The actors of the endpoint, where that is the carrier's own. */
  readonly children?: (acceptor: QuicAcceptor) => readonly ChildSpec[];
}

/** What an endpoint is told: who takes connections of the distribution. */
export type QuicAcceptor = readonly [Protocol, Acceptor];

export class QuicCarrier implements Carrier {
  readonly name = 'quic';
  readonly #options: QuicCarrierOptions;
  #listening: { readonly listening: Listening; readonly self: Process } | undefined;
  /** All there are, of both directions. */
  readonly #streams = new Set<LinkStream>();

  constructor(options: QuicCarrierOptions) {
    this.#options = options;
  }

  /** For the endpoint: who takes connections of the distribution. */
  get acceptor(): QuicAcceptor {
    return [PROTOCOL, () => this.#accept()];
  }

  isNodeName(name: string): boolean {
    return isPortName(name);
  }

  splitName(name: string): SplitName {
    return splitNodeName(name);
  }

  select(name: string): boolean {
    return isPortName(name);
  }

  address(): NetAddress | undefined {
    const local = this.#options.endpoint()?.local;
    if (local === undefined) return undefined;
    return { ...local, protocol: 'macula_dist', family: isIP(local.host) === 6 ? 'inet6' : 'inet' };
  }

  childSpecs(listening: Listening): readonly ChildSpec[] {
    const own = this.#options.children?.(this.acceptor) ?? [];
    return [...own, worker('quicListener', this.#listener(listening), undefined)];
  }

  async setup({ node, expectedId, signal, events }: Setup): Promise<SetupResult> {
    const split = splitNodeName(node);
    if (!split.ok) return { ok: false, reason: 'invalid_node_name', detail: node };
    const host = await numeric(split.name.host);
    const endpoint = this.#options.endpoint();
    if (host === undefined) return unreachable(`${node}: no such host`);
    if (endpoint === undefined) return unreachable('the endpoint is down');
    if (signal.aborted) return unreachable('nobody wants it any more');
    return this.#dial(endpoint, { host, port: split.name.port }, expectedId, signal, events);
  }

  /** Takes what comes as long as it lives, and is the end of all connections of this carrier. */
  #listener(listening: Listening): GenServer<undefined, undefined> {
    return {
      label: 'quicListener',
      trapExit: true,
      init: (_none, self) => {
        this.#listening = { listening, self: self as Process };
        self.runtime.onExit(self.pid, () => {
          this.#listening = undefined;
          for (const stream of Array.from(this.#streams)) stream.abandon('carrier_down');
        });
        return undefined;
      },
      handleInfo: (message, state) => {
        if (message instanceof Due && !message.stream.isOpen) message.stream.close();
        return noReply(state);
      },
      // the connections end with it, so what they have taken leaves first
      terminate: (reason, _state, self) => (isOrderly(reason) ? this.#emptied(self.clock) : undefined),
    };
  }

  /** Nothing waits any more, or too long. */
  #emptied(clock: Clock): Promise<void> | undefined {
    const isEmpty = (): boolean => Array.from(this.#streams).every(({ queued }) => queued === 0);
    return isEmpty() ? undefined : new Promise((resolve) => whenTrue(clock, isEmpty, LEAVING, resolve));
  }

  #lingers(stream: LinkStream): boolean {
    if (this.#listening === undefined) return false;
    const isEmpty = (): boolean => stream.queued === 0;
    whenTrue(this.#listening.self.clock, isEmpty, LINGER, () => stream.drop());
    return true;
  }

  #dial(
    endpoint: Endpoint,
    address: PhysicalAddress,
    expectedId: Uint8Array | undefined,
    signal: AbortSignal,
    events: DistStreamEvents,
  ): Promise<SetupResult> {
    return new Promise((resolve) => {
      const found = (opened: LinkStream): void => {
        // from now on it is closed by whoever has it
        signal.removeEventListener('abort', abort);
        resolve({ ok: true, stream: opened });
      };
      const stream = this.#stream(found, resolve);
      stream.take(events);
      const request = { address, protocol: PROTOCOL, ...(expectedId === undefined ? {} : { expectedId }) };
      const abort = (): void => {
        link.close(CloseCode.normal);
        stream.close();
      };
      const link = endpoint.dial(request, stream);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  #accept(): LinkEvents | CloseCode {
    if (this.#listening === undefined) return CloseCode.shuttingDown;
    const { listening, self } = this.#listening;
    const stream = this.#stream((opened) => listening.accept(new Waiting(opened)));
    self.sendAfter(OPENING, new Due(stream));
    return stream;
  }

  #stream(opened: (stream: LinkStream) => void, resolve?: (result: SetupResult) => void): LinkStream {
    const stream = new LinkStream({
      seed: this.#options.random.bytes(SEED),
      opened,
      lingers: (closed) => this.#lingers(closed),
      ended: (ended, why) => {
        this.#streams.delete(ended);
        resolve?.(unreachable(why));
      },
    });
    this.#streams.add(stream);
    return stream;
  }
}

class Due {
  readonly stream: LinkStream;
  constructor(stream: LinkStream) {
    this.stream = stream;
  }
}

class Waiting implements Incoming {
  readonly #stream: LinkStream;
  constructor(stream: LinkStream) {
    this.#stream = stream;
  }
  get peer(): string {
    return this.#stream.peer;
  }
  accept(events: DistStreamEvents): DistStream {
    return this.#stream.take(events);
  }
  refuse(): void {
    this.#stream.close();
  }
}

/** A stream does not say when all has left. */
function whenTrue(clock: Clock, condition: () => boolean, limit: number, then: () => void): void {
  const end = clock.now() + limit;
  const look = (): void => {
    if (condition() || clock.now() >= end) then();
    else clock.setTimer(LOOK, look);
  };
  look();
}

const unreachable = (detail: string): SetupResult => ({ ok: false, reason: 'connect_failed', detail });

/** Undefined: there is no such host. */
async function numeric(host: string): Promise<string | undefined> {
  const bare = host.startsWith('[') ? host.slice(1, -1) : host;
  if (isIP(bare) !== 0) return bare;
  try {
    return (await lookup(bare)).address;
  } catch {
    return undefined;
  }
}
