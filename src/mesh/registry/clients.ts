/**
 * What connected clients registered at this node: one provider per procedure and client, gone with its
 * connection. A newer connection of the same client takes over what it registers again.
 */
import type { Ref } from '../../actor/pid.ts';
import type { Process } from '../../actor/process.ts';
import type { TimerEntry } from '../../actor/timers.ts';
import { weightOf } from '../connection/weight.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import type { EventHub } from '../events/hub.ts';
import type { Enrollment, Registration } from './registered.ts';
import type { Offer, ServiceTable } from './service-table.ts';

/** Procedures one connected client may register. */
const PER_CLIENT = 10_000;
/** What metadata and descriptions of one client, and of all, may hold in memory, bytes, about. */
const WEIGHT_OF_CLIENT = 8_388_608;
const WEIGHT = 134_217_728;

/** Milliseconds for connections to tell a registry that was restarted what their clients serve: a turn of each. */
const ENROLL = 1_000;

const ownerOf = (nodeId: string): string => `peer:${nodeId}`;

const weightOfOffer = ({ metadata, description }: Pick<Offer, 'metadata' | 'description'>): number =>
  weightOf(metadata) + (description?.length ?? 0);

export class Clients {
  readonly #table: ServiceTable;
  readonly #registry: Process;
  readonly #events: EventHub;
  /** Monitored connections and the node ids behind them. */
  readonly #nodeIds = new Map<Process, string>();
  /** Connections that have not said yet what they registered with the registry before this one. */
  readonly #awaited = new Map<Process, Ref>();
  #patience: TimerEntry | undefined;
  /** Connections that said goodbye and still finish calls. */
  readonly #leaving = new WeakSet<Process>();
  /** Of what each owner said, and of all. */
  readonly #weights = new Map<string, number>();
  #weight = 0;

  constructor(table: ServiceTable, registry: Process, events: EventHub) {
    this.#table = table;
    this.#registry = registry;
    this.#events = events;
  }

  /** Does what a client wants, or says why not. */
  register({ connection, nodeId, procedure, offer, remove }: Registration): RpcFailure | undefined {
    if (remove) {
      this.#remove(connection, nodeId, procedure);
      return undefined;
    }
    const known = this.#table.find(procedure, ownerOf(nodeId)) !== undefined;
    const failure = this.#add(connection, nodeId, procedure, offer);
    if (failure === undefined && !known) {
      const { metadata } = offer;
      const said = Object.keys(metadata).length === 0 ? {} : { metadata };
      this.#events.emit('service.advertised', { procedure, provider: nodeId, ...said });
    }
    return failure;
  }

  /** Until each of these has enrolled, or is dead, it is not known who serves what. */
  expect(connections: readonly Process[]): void {
    for (const connection of connections) this.#awaited.set(connection, this.#registry.monitor(connection));
    this.#table.complete = this.#awaited.size === 0;
    if (this.#table.complete) return;
    const { runtime } = this.#registry;
    // work, not a message: a full mailbox must not lose it
    this.#patience = runtime.workAfter(ENROLL, this.#registry, () => {
      for (const connection of this.#awaited.keys()) this.#heard(connection);
    });
  }

  enroll({ connection, nodeId, procedures }: Enrollment): void {
    for (const [procedure, offer] of procedures) this.#add(connection, nodeId, procedure, offer);
    this.#heard(connection);
  }

  #heard(connection: Process): void {
    const monitor = this.#awaited.get(connection);
    if (monitor === undefined) return;
    this.#registry.runtime.demonitor(monitor);
    this.#awaited.delete(connection);
    if (this.#awaited.size > 0) return;
    this.#table.complete = true;
    this.#patience?.unset();
  }

  /** No new calls go to this connection. */
  leave(connection: Process): void {
    this.#leaving.add(connection);
    const nodeId = this.#nodeIds.get(connection);
    if (nodeId === undefined) return;
    for (const { procedure } of this.#table.ownedBy(ownerOf(nodeId))) {
      this.#remove(connection, nodeId, procedure);
    }
  }

  /** Whether it answers; one that registered nothing does not matter. */
  trust(connection: Process, trusted: boolean): void {
    if (this.#nodeIds.has(connection)) this.#table.trust(connection, trusted);
  }

  /** The connection is dead. */
  lost(connection: Process): void {
    this.#heard(connection);
    this.leave(connection);
    this.#table.trust(connection, true);
    this.#nodeIds.delete(connection);
  }

  #add(connection: Process, nodeId: string, procedure: string, offer: Offer): RpcFailure | undefined {
    if (!connection.alive || this.#leaving.has(connection)) {
      return { tag: 'connection_error', sent: false, detail: 'the client is leaving' };
    }
    const owner = ownerOf(nodeId);
    const id = `${owner}/${procedure}/${connection.serial}`;
    const target = { kind: 'peer', connection, nodeId } as const;
    const { exclusive, ttl, metadata, description } = offer;
    const advertisedAt = this.#registry.runtime.clock.wall();
    const said = { exclusive, ttl, metadata, description, advertisedAt };
    const provider = { id, procedure, owner, ...said, target, inFlight: 0 };
    const verdict = this.#table.judge(provider);
    if (verdict === 'exclusive') {
      return {
        tag: 'unauthorized',
        detail: 'another provider holds this name, or one of the two is exclusive',
      };
    }
    if (verdict === 'full') return { tag: 'overloaded', bound: 'registry' };
    if (verdict === 'added' && this.#table.countOf(owner) >= PER_CLIENT) {
      return { tag: 'overloaded', bound: 'registrations' };
    }
    const replaced = this.#table.find(procedure, owner);
    const more = weightOfOffer(offer) - (replaced === undefined ? 0 : weightOfOffer(replaced));
    const own = (this.#weights.get(owner) ?? 0) + more;
    if (more > 0 && (own > WEIGHT_OF_CLIENT || this.#weight + more > WEIGHT)) {
      return { tag: 'overloaded', bound: 'registrations' };
    }
    this.#table.add(provider);
    this.#weigh(owner, more);
    if (!this.#nodeIds.has(connection)) {
      this.#nodeIds.set(connection, nodeId);
      this.#registry.monitor(connection);
    }
    return undefined;
  }

  /** Only what this very connection registered: a newer one may have taken over. */
  #remove(connection: Process, nodeId: string, procedure: string): void {
    const { target } = this.#table.find(procedure, ownerOf(nodeId)) ?? {};
    if (target?.kind === 'peer' && target.connection === connection) {
      const owner = ownerOf(nodeId);
      const removed = this.#table.remove(procedure, owner);
      if (removed !== undefined) this.#weigh(owner, -weightOfOffer(removed));
      this.#events.emit('service.unadvertised', { procedure, provider: nodeId });
    }
  }

  #weigh(owner: string, more: number): void {
    this.#weight += more;
    const own = (this.#weights.get(owner) ?? 0) + more;
    if (own === 0) this.#weights.delete(owner);
    else this.#weights.set(owner, own);
  }
}
