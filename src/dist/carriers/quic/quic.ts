/**
 * The carrier of seed 004: QUIC, names that say where the node is (`4433@192.168.1.100`), no EPMD.
 *
 * It uses an endpoint that others use too: a mesh node's own, with its one UDP socket and its path layer, or one that is made for it.
 * Both ends prove their keys (mutual TLS); the cookie says that they belong together. Source: seed 004; SPEC §10.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Random } from '../../../actor/random.ts';
import type { ChildSpec } from '../../../otp/child-spec.ts';
import type { Acceptor } from '../../../transport/endpoint-server.ts';
import {
  CloseCode,
  type Endpoint,
  type Link,
  type LinkEvents,
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

export interface QuicCarrierOptions {
  /** The endpoint that it uses; undefined while that is being restarted. */
  readonly endpoint: () => Endpoint | undefined;
  readonly random: Random;
  /** The actors that make up the endpoint, where it is the carrier's own. */
  readonly children?: (carrier: QuicCarrier) => readonly ChildSpec[];
  /** The key that a node has to prove, as SHA-256 of its SPKI; undefined: any. */
  readonly idOf?: (node: string) => Uint8Array | undefined;
}

export class QuicCarrier implements Carrier {
  readonly name = 'quic';
  readonly #options: QuicCarrierOptions;
  #listening: Listening | undefined;

  constructor(options: QuicCarrierOptions) {
    this.#options = options;
  }

  /** For the endpoint: who takes connections of the distribution. */
  get acceptor(): readonly [Protocol, Acceptor] {
    return [PROTOCOL, (link) => this.#accept(link)];
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
    this.#listening = listening;
    return this.#options.children?.(this) ?? [];
  }

  async setup({ node, timeout, signal, events }: Setup): Promise<SetupResult> {
    const split = splitNodeName(node);
    if (!split.ok) return { ok: false, reason: 'invalid_node_name', detail: node };
    const host = await numeric(split.name.host);
    const endpoint = this.#options.endpoint();
    if (host === undefined || endpoint === undefined)
      return {
        ok: false,
        reason: 'connect_failed',
        detail: host === undefined ? `${node}: no such host` : 'the endpoint is down',
      };
    return this.#dial(endpoint, { host, port: split.name.port }, node, timeout, signal, events);
  }

  #dial(
    endpoint: Endpoint,
    address: Endpoint['local'],
    node: string,
    timeout: number,
    signal: AbortSignal,
    events: DistStreamEvents,
  ): Promise<SetupResult> {
    const { random, idOf } = this.#options;
    const expectedId = idOf?.(node);
    return new Promise((resolve) => {
      const stream = new LinkStream({
        seed: random.bytes(32),
        opened: (opened) => resolve({ ok: true, stream: opened }),
        refused: (detail) => resolve({ ok: false, reason: 'connect_failed', detail }),
      });
      stream.take(events);
      const request = { address, protocol: PROTOCOL, ...(expectedId === undefined ? {} : { expectedId }) };
      const link = endpoint.dial(request, stream);
      signal.addEventListener('abort', () => link.close(CloseCode.normal), { once: true });
      void timeout;
    });
  }

  #accept(link: Link): LinkEvents | CloseCode {
    const listening = this.#listening;
    if (listening === undefined) return CloseCode.shuttingDown;
    const stream: LinkStream = new LinkStream({
      seed: this.#options.random.bytes(32),
      opened: (opened) => listening.accept(new Waiting(opened)),
      refused: () => {},
    });
    void link;
    return stream;
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
