/**
 * A running bridge, as whoever started it sees it.
 */
import { snapshot, type TreeSnapshot } from './inspect/snapshot.ts';
import type { Process } from './actor/process.ts';
import type { NodeEvents } from './mesh/events/node-events.ts';
import type { SupervisorRef } from './otp/supervisor-ref.ts';
import type { ClientStatus } from './dist/relay/client/relay-client.ts';
import type { Bridge, BridgeContext } from './dist/bridge/bridge.ts';

export interface BridgeStatus extends ClientStatus {
  /** The local node is there. */
  readonly registered: boolean;
}

export interface BridgePlace {
  readonly epmdPort: number;
  /** 32 bytes. */
  readonly id: Uint8Array;
}

export class DistBridge {
  /** Of the local node. */
  readonly name: string;
  /** What the local node gets as `ERL_EPMD_PORT`. */
  readonly epmdPort: number;
  /** Hex id of its key: what bridges elsewhere may be told to expect. */
  readonly id: string;
  /** Resolves with the exit reason of its tree when it has ended, whoever ended it. */
  readonly ended: Promise<unknown>;
  readonly #context: BridgeContext;
  readonly #bridge: Bridge;
  readonly #root: SupervisorRef;

  constructor(context: BridgeContext, bridge: Bridge, root: SupervisorRef, { epmdPort, id }: BridgePlace) {
    this.name = context.name;
    this.epmdPort = epmdPort;
    this.id = Buffer.from(id).toString('hex');
    this.#context = context;
    this.#bridge = bridge;
    this.#root = root;
    this.ended = new Promise((resolve) => {
      context.runtime.onExit(root.pid as Process, resolve);
    });
  }

  get events(): NodeEvents {
    return this.#context.events.target;
  }

  /** Resolves when a relay knows the local node's name. Rejects with `TunnelError` `not_identified`. */
  ready(options?: { readonly timeout?: number }): Promise<void> {
    return this.#context.client.ready(options);
  }

  status(): BridgeStatus {
    return { ...this.#context.client.status(), registered: this.#bridge.isRegistered };
  }

  inspect(): TreeSnapshot {
    return snapshot(this.#root.pid, `bridge of ${this.name}`);
  }

  /** Ends it, and with it the connections of the local node. */
  async close(): Promise<void> {
    if ((this.#root.pid as Process).alive) await this.#root.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
