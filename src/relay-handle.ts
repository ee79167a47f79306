/**
 * A running dist relay, as whoever started it sees it.
 */
import { snapshot, type TreeSnapshot } from './inspect/snapshot.ts';
import type { NodeEvents } from './mesh/events/node-events.ts';
import type { Process } from './actor/process.ts';
import type { InspectorPlace, SharedTables } from './mesh/context.ts';
import type { SupervisorRef } from './otp/supervisor-ref.ts';
import type { PhysicalAddress } from './transport/transport.ts';
import type { RelayContext } from './dist/relay/server/relay-context.ts';

export interface RelayPlace {
  readonly address: PhysicalAddress;
  /** Undefined: none. */
  readonly foreign: PhysicalAddress | undefined;
  /** 32 bytes. */
  readonly id: Uint8Array;
}

export interface DistRelayStatus {
  /** Names of the clients that are identified. */
  readonly clients: readonly string[];
  readonly tunnels: number;
  /** Bytes of tunnels that are over. */
  readonly bytes: number;
  /** Control frames that made no sense. */
  readonly skipped: number;
}

export class DistRelay {
  /** `quic://host:port`. */
  readonly url: string;
  /** The same for clients of other makes; undefined: they are not served. */
  readonly foreignUrl: string | undefined;
  /** Hex id of its key. */
  readonly id: string;
  /** Resolves with the exit reason of its tree when it has ended, whoever ended it. */
  readonly ended: Promise<unknown>;
  protected readonly context: RelayContext;
  readonly #root: SupervisorRef;

  constructor(context: RelayContext, root: SupervisorRef, { address, foreign, id }: RelayPlace) {
    this.url = urlOf(address);
    this.foreignUrl = foreign === undefined ? undefined : urlOf(foreign);
    this.id = Buffer.from(id).toString('hex');
    this.context = context;
    this.#root = root;
    this.ended = new Promise((resolve) => {
      context.runtime.onExit(root.pid as Process, resolve);
    });
  }

  /** What happens: `relay.events.addEventListener('dist.client_identified', …)`. */
  get events(): NodeEvents {
    return this.context.events.target;
  }

  status(): DistRelayStatus {
    const { roster, counts } = this.context;
    return { clients: [...roster.names()], ...counts };
  }

  /** Where its inspector is; undefined: it was started without one. `url` has the token in it: whoever has that sees everything. */
  get inspector(): InspectorPlace | undefined {
    return this.context.scope.shared<SharedTables['inspector']>('inspector')?.place;
  }

  inspect(): TreeSnapshot {
    return snapshot(this.#root.pid, this.url);
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    if ((this.#root.pid as Process).alive) await this.#root.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

export const urlOf = ({ host, port }: PhysicalAddress): string =>
  `quic://${host.includes(':') ? `[${host}]` : host}:${port}`;
