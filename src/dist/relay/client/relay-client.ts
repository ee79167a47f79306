/**
 * A client of dist relays: known at each of them by the name of this node, it opens tunnels to other nodes and takes theirs.
 *
 * ```ts
 * const client = await DistRelayClient.start(runtime, 'quic://relay.example:4434', 'a@example');
 * const { stream, tunnelId, peer } = await client.requestTunnel('b@example');   // stream: Duplex, encrypted from end to end
 * ```
 * It is attached to all relays of its list at once, so two nodes meet at any relay that both name. A relay that is lost is dialed
 * again; the tunnels that it carried end with `TunnelError`, for a stream of the distribution is never resumed. Source: seed 003.
 */
import type { Duplex } from 'node:stream';
import { isNameText, LONGEST_NAME } from '../protocol/name-text.ts';
import { TunnelError } from '../tunnel-error.ts';
import type { ClientContext } from './client-context.ts';
import type { ClientStateName } from './client-machine.ts';
import { MOST_TUNNELS } from './bounds.ts';
import { startOutbound, type Kernel } from './client-tunnel.ts';
import { askingOrder } from './order.ts';

export interface TunnelRequestOptions {
  /** Milliseconds for everything. 1 to 2^31 - 1; default 15,000. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  /** Waits for a relay that knows us; false: `not_identified` at once. Default true. */
  readonly wait?: boolean;
}

export interface OpenTunnel {
  /** What one end writes the other reads; either ends its half when it likes. Destroyed with `TunnelError` when it is cut. */
  readonly stream: Duplex;
  readonly tunnelId: string;
  /** Name of the node at the other end. */
  readonly peer: string;
  /** The key that it has proven, as hex id; undefined: the tunnel is not encrypted. */
  readonly peerId: string | undefined;
}

export interface RelayStatus {
  readonly url: string;
  readonly state: ClientStateName;
  /** Why it was lost last; empty: it is not. */
  readonly reason: string;
}

export interface ClientStatus {
  /** At one relay at least. */
  readonly identified: boolean;
  readonly nodeName: string;
  /** The relay that is asked first; undefined: none knows us. */
  readonly activeRelay: string | undefined;
  readonly relays: readonly RelayStatus[];
  /** Requests of ours that wait for the relay. */
  readonly pendingOutbound: number;
  /** Tunnels that were announced, and whose streams have not come. */
  readonly pendingInbound: number;
  readonly activeTunnels: number;
  /** Streams of which no relay has said what they are. */
  readonly unidentifiedStreams: number;
}

/** What `status` leaves out. */
export interface ClientFigures {
  /** In the order of `status`. Of the connection that is there now. */
  readonly relays: readonly RelayFigures[];
  /** Some of the tunnels that are open. */
  readonly tunnels: readonly TunnelFigures[];
}

export interface RelayFigures {
  /** Requests that wait for it. */
  readonly pending: number;
  /** Of the connection to it, and of those through it. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

export interface TunnelFigures {
  readonly tunnelId: string;
  /** Name of the node at the other end. */
  readonly peer: string;
  /** URL. */
  readonly relay: string;
}

const LONGEST = 2_147_483_647;

export class DistRelayClient {
  readonly #context: ClientContext;
  readonly #stop: () => Promise<void>;

  /** For `startRelayClient` and the carrier. */
  constructor(context: ClientContext, stop: () => Promise<void>) {
    this.#context = context;
    this.#stop = stop;
  }

  /**
   * A tunnel to a node. The relays that know us are asked in order until one knows the node. Rejects with `TunnelError`; a
   * `TypeError` or `RangeError` for options that make no sense.
   */
  async requestTunnel(target: string, options: TunnelRequestOptions = {}): Promise<OpenTunnel> {
    const { timeout = this.#context.settings.tunnelTime, signal, wait = true } = options;
    if (typeof target !== 'string') throw new TypeError('target must be a string');
    if (!isNameText(target))
      throw new RangeError(`target must be 1 to ${LONGEST_NAME} bytes of text without control characters`);
    if (!Number.isInteger(timeout) || timeout < 1 || timeout > LONGEST)
      throw new RangeError(`timeout must be an integer from 1 to ${LONGEST}`);
    if (signal?.aborted === true) throw aborted(signal);
    const context = this.#context;
    const { runtime, tunnels } = context;
    if (tunnels.size >= MOST_TUNNELS)
      throw new TunnelError('overloaded', `there are ${MOST_TUNNELS} tunnels`);
    const deadline = runtime.clock.now() + timeout;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        runtime.clock.clear(timer);
        signal?.removeEventListener('abort', abort);
        act();
      };
      const process = startOutbound(context, { target, deadline, waits: wait }, (result) =>
        settle(() => {
          if (result instanceof TunnelError) reject(result);
          else {
            const { stream, tunnelId, peer, peerId } = result;
            resolve({ stream, tunnelId, peer, peerId: peerId === undefined ? undefined : hex(peerId) });
          }
        }),
      );
      const end = (error: TunnelError): void =>
        settle(() => {
          // first: the end of the actor tells that it was closed
          reject(error);
          if (process !== undefined) runtime.die(process, { shutdown: error.failure });
        });
      const timer = runtime.clock.setTimer(timeout, () =>
        end(new TunnelError('timeout', `there was no tunnel to ${target} within ${timeout} ms`)),
      );
      const abort = (): void => end(aborted(signal));
      if (process === undefined) end(new TunnelError('overloaded', 'no more tunnels can be begun'));
      else signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Ends a tunnel of either direction. One that is not there is fine. */
  closeTunnel(tunnelId: string): void {
    const tunnel = this.#context.tunnels.get(tunnelId);
    if (tunnel === undefined) return;
    tunnel.relay.link?.closeTunnel(tunnelId);
    tunnel.stream.destroy(new TunnelError('closed', 'the tunnel was closed here'));
  }

  /**
   * Who gets the tunnels that others open: a function, or a process that is sent each as an `IncomingTunnel`. Without one they are
   * refused. It stays while relays come and go.
   */
  setKernel(kernel: Kernel | undefined): void {
    this.#context.hand.kernel = kernel;
  }

  status(): ClientStatus {
    const { name, relays, tunnels, runtime } = this.#context;
    const links = relays.flatMap(({ link }) => (link === undefined ? [] : [link]));
    const sum = (of: 'pending' | 'announced' | 'orphans'): number =>
      links.reduce((total, link) => total + link[of], 0);
    const [first] = askingOrder(relays, runtime.clock.now());
    return {
      identified: first !== undefined,
      nodeName: name,
      activeRelay: first === undefined ? undefined : relays[first]?.url,
      relays: relays.map(({ url, state, reason }) => ({ url, state, reason })),
      pendingOutbound: sum('pending'),
      pendingInbound: sum('announced'),
      activeTunnels: tunnels.size,
      unidentifiedStreams: sum('orphans'),
    };
  }

  /** @param most tunnels that are told of. */
  figures(most: number): ClientFigures {
    const { relays, tunnels } = this.#context;
    const told: TunnelFigures[] = [];
    for (const { id: tunnelId, peer, relay } of tunnels.values()) {
      if (told.length >= most) break;
      told.push({ tunnelId, peer, relay: relay.url });
    }
    return {
      relays: relays.map((relay) => {
        const { link } = relay;
        let { bytesSent = 0, bytesReceived = 0 } = link?.bytes ?? {};
        for (const tunnel of tunnels.values()) {
          const through = tunnel.via === link ? tunnel.link?.stats() : undefined;
          bytesSent += through?.bytesSent ?? 0;
          bytesReceived += through?.bytesReceived ?? 0;
        }
        return { pending: link?.pending ?? 0, bytesSent, bytesReceived };
      }),
      tunnels: told,
    };
  }

  /** Resolves when a relay knows us. Rejects with `TunnelError` `not_identified`. Default timeout 15,000 ms. */
  async ready({ timeout = 15_000 }: { readonly timeout?: number } = {}): Promise<void> {
    const { runtime, relays, waiting } = this.#context;
    if (relays.some(({ since }) => since !== undefined)) return;
    await new Promise<void>((resolve, reject) => {
      const told = (): void => {
        waiting.delete(told);
        runtime.clock.clear(timer);
        resolve();
      };
      const timer = runtime.clock.setTimer(timeout, () => {
        waiting.delete(told);
        const why = relays
          .map(({ url, reason, state }) => `${url}: ${reason === '' ? state : reason}`)
          .join('; ');
        reject(new TunnelError('not_identified', `no relay knows us (${why})`));
      });
      waiting.add(told);
    });
  }

  /** Ends its connections, and with them its tunnels. */
  close(): Promise<void> {
    return this.#stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const aborted = (signal: AbortSignal | undefined): TunnelError =>
  new TunnelError('aborted', 'nobody wants the tunnel any more', { cause: signal?.reason });

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
