/**
 * The carrier for nodes that cannot reach each other: tunnels through a dist relay that both are connected to (seed 003).
 *
 * Any name will do, for relays know nodes by their names. Tunnels are encrypted from end to end, and the cookie is proven in each
 * before the distribution begins, so a relay can neither read nor change what passes.
 */
import type { Runtime } from '../../../actor/runtime.ts';
import type { Identity } from '../../../identity/identity.ts';
import type { EventHub } from '../../../mesh/events/hub.ts';
import type { ClosedRealm } from '../../../mesh/identity/closed-realm.ts';
import type { ChildSpec } from '../../../otp/child-spec.ts';
import { refuse, wrongRuntime } from '../../../otp/arguments.ts';
import { supervisor, type SupervisorSpec } from '../../../otp/supervisor.ts';
import type {
  Carrier,
  DistStream,
  DistStreamEvents,
  Incoming,
  Listening,
  Setup,
  SetupResult,
} from '../../carrier.ts';
import { isNodeName, splitNodeName, type SplitName } from '../../node-name.ts';
import type { IncomingTunnel } from '../../relay/client/client-tunnel.ts';
import { wrongTunnelCarrier } from '../../relay/check-options.ts';
import {
  makeRelayClient,
  type RelayClientOptions,
  type RelayClientParts,
} from '../../relay/client/make-client.ts';
import { DistRelayClient, type OpenTunnel } from '../../relay/client/relay-client.ts';
import { TunnelError } from '../../relay/tunnel-error.ts';
import { DuplexStream } from '../duplex-stream.ts';

export interface TunnelCarrierOptions extends Omit<RelayClientOptions, 'keys' | 'secret' | 'identity'> {
  /** `quic://host:port`, in the order in which they are preferred. At most 8. */
  readonly relays: string | readonly string[];
  /** Default: a fresh key in memory. */
  readonly identity?: Identity | (() => Identity | undefined);
  /** Which nodes it is used for. Default: all. */
  readonly select?: (node: string) => boolean;
}

/** For a node of the mesh, which has more to say. */
export interface TunnelMaking extends TunnelCarrierOptions {
  readonly closed?: ClosedRealm | undefined;
  readonly log?: EventHub;
}

/** Its actors are drawn by whoever makes it (`src/tunnel-carrier.ts`). */
export class RelayedCarrier implements Carrier {
  readonly name = 'tunnel';
  readonly #runtime: Runtime;
  readonly #options: TunnelMaking;
  readonly #draw: (parts: RelayClientParts) => SupervisorSpec;
  #client: DistRelayClient | undefined;

  /** Throws a `TypeError` or `RangeError` for options that make no sense. */
  constructor(runtime: Runtime, options: TunnelMaking, draw: (parts: RelayClientParts) => SupervisorSpec) {
    refuse(wrongRuntime(runtime) ?? wrongTunnelCarrier(options));
    this.#runtime = runtime;
    this.#options = options;
    this.#draw = draw;
  }

  /** The client of its relays; undefined before the distribution has started. */
  get client(): DistRelayClient | undefined {
    return this.#client;
  }

  isNodeName(name: string): boolean {
    return isNodeName(name);
  }

  splitName(name: string): SplitName {
    return splitNodeName(name);
  }

  select(name: string): boolean {
    return isNodeName(name) && this.#options.select?.(name) !== false;
  }

  /** It listens nowhere: relays are told who we are. */
  address(): undefined {
    return undefined;
  }

  childSpecs(listening: Listening): readonly ChildSpec[] {
    const { identity, select: _select, ...rest } = this.#options;
    const parts = makeRelayClient({
      ...rest,
      runtime: this.#runtime,
      name: () => listening.name,
      ...(identity === undefined
        ? {}
        : { identity: typeof identity === 'function' ? identity : () => identity }),
      keyOf: (node) => listening.keyOf(node),
      secretOf: (node) => listening.cookie(node),
    });
    // it ends with the tree that it is in
    this.#client = new DistRelayClient(parts.context, () => Promise.resolve());
    this.#client.setKernel((tunnel) => listening.accept(new Waiting(this.#runtime, tunnel)));
    return [supervisor('relayClient', this.#draw(parts))];
  }

  async setup({ node, timeout, signal, events }: Setup): Promise<SetupResult> {
    const client = this.#client;
    if (client === undefined) return { ok: false, reason: 'connect_failed', detail: 'it has not started' };
    if (!isNodeName(node)) return { ok: false, reason: 'invalid_node_name', detail: node };
    try {
      const tunnel = await client.requestTunnel(node, { timeout, signal });
      return { ok: true, stream: streamOf(this.#runtime, tunnel, events) };
    } catch (error) {
      const late = error instanceof TunnelError && error.failure === 'timeout';
      const detail = error instanceof Error ? error.message : String(error);
      return { ok: false, reason: late ? 'timeout' : 'connect_failed', detail };
    }
  }
}

const streamOf = (
  { clock }: Runtime,
  { stream, peer, peerId }: Pick<OpenTunnel, 'stream' | 'peer' | 'peerId'>,
  events: DistStreamEvents,
): DistStream => {
  const id = peerId === undefined ? undefined : Buffer.from(peerId, 'hex');
  return new DuplexStream(
    stream,
    { clock, peer: `tunnel to ${peer}`, peerId: id, takenIsGone: false },
    events,
  );
};

class Waiting implements Incoming {
  readonly peer: string;
  readonly #runtime: Runtime;
  readonly #tunnel: IncomingTunnel;

  constructor(runtime: Runtime, tunnel: IncomingTunnel) {
    this.#runtime = runtime;
    this.#tunnel = tunnel;
    this.peer = `tunnel from ${tunnel.peer}`;
  }

  accept(events: DistStreamEvents): DistStream {
    const { stream, peer, peerId } = this.#tunnel;
    const id = peerId === undefined ? undefined : Buffer.from(peerId).toString('hex');
    return streamOf(this.#runtime, { stream, peer, peerId: id }, events);
  }

  refuse(): void {
    this.#tunnel.stream.destroy();
  }
}
