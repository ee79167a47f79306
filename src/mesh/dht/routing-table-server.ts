/**
 * The routing table's actor: keeps the contacts, and this node's place among them.
 *
 * It asks and is told, and waits for nobody: whoever is silent holds up no one. Only contacts that were verified come
 * in (`seen`, cast by the peer pool when a connection to a node of the DHT is ready). One that did not answer leaves
 * at once and is asked again; when it answers it is back. Supervised by `discovery`; a crash loses nothing: its
 * successor fills a new table with the contacts of the old one.
 */
import { seconds } from '../../actor/clock.ts';
import { Down } from '../../actor/monitor.ts';
import type { Process, Self } from '../../actor/process.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply, started } from '../../otp/result.ts';
import { hex, shared, type MeshContext } from '../context.ts';
import { ask } from './ask.ts';
import { isGoodbye, isSilence } from './blame.ts';
import type { Bootstraps } from './bootstrap.ts';
import { K, type Contact } from './contact.ts';
import { Giving } from './giving.ts';
import { PingQueue } from './ping-queue.ts';
import { Place } from './place.ts';
import { RoutingTable } from './routing-table.ts';
import { parseAddress } from '../peer/endpoint-text.ts';

/** Messages queued at most: every lookup and every connection has something to tell. */
const TABLE_MAILBOX = 16_384;
/** Milliseconds a contact has to answer a ping, a new connection included. */
const PING_TIMEOUT = seconds(3);
/**
 * Milliseconds without an answer until a contact of a full bucket is asked: a little less than between two refreshes.
 */
const QUIET = seconds(240);
/** Milliseconds between two looks for contacts that were lost. */
const SEARCH = seconds(60);
/** Whoever was away for less has not missed anything, milliseconds. */
const AWAY = seconds(10);
/** Share of the period by which a refresh comes earlier or later: nodes that began together drift apart. */
const JITTER = 0.1;

export interface RoutingTableArgs {
  readonly context: MeshContext;
  readonly bootstraps: Bootstraps;
  /** Milliseconds after which a bucket that no lookup went through is refreshed. */
  readonly refresh: number;
}

export interface RoutingTableCasts {
  /** A peer has proven that it is there. */
  seen(what: { readonly contact: Contact }): void;
  /** A contact did not answer, by its own fault. */
  failed(what: { readonly nodeId: string }): void;
  /** Contacts answered a lookup for `target`; `farthest`: the 20th closest, of whatever network. */
  heard(what: {
    readonly target: Uint8Array;
    readonly contacts: readonly Contact[];
    readonly farthest: Contact | undefined;
  }): void;
}

interface State {
  readonly context: MeshContext;
  readonly self: Process;
  readonly refresh: number;
  readonly table: RoutingTable;
  readonly place: Place;
  readonly pings: PingQueue;
  readonly giving: Giving;
  /** Connections to contacts: one that falls silent tells of a death that no question has met yet. */
  readonly connections: Map<Process, string>;
}

/** The supervisor of lookups is up too by now. */
class Begin {
  readonly begin = true;
}
/** Time to look for contacts that were lost. */
class Search {
  readonly search = true;
}
/** Time to refresh the buckets. */
class Refresh {
  readonly refresh = true;
}

export const routingTableServer: GenServer<RoutingTableArgs, State, object, RoutingTableCasts> = {
  label: 'routingTable',
  mailbox: TABLE_MAILBOX,

  init: (args, self) => {
    const state = stateOf(args, self as Process);
    self.sendAfter(SEARCH, new Search());
    refreshLater(self, args.refresh);
    return started(state, { continue: new Begin() });
  },

  handleContinue: (_begin, state) => {
    state.place.step('due');
    return noReply(state);
  },

  handleCast: {
    seen: ({ contact }, state) => {
      see(state, contact);
      return noReply(state);
    },
    failed: ({ nodeId }, state) => {
      doubt(state, nodeId);
      return noReply(state);
    },
    heard: ({ target, contacts, farthest }, state, self) => {
      const now = self.clock.now();
      state.table.lookedUp(target, now);
      if (farthest !== undefined) judgeCrowd(state, target, farthest);
      for (const { id, nodeId } of contacts) {
        // it is back without a DHT
        if (state.context.standings.ready(nodeId, false)?.dht === false) leave(state, nodeId);
        else state.table.alive(id, now);
      }
      return noReply(state);
    },
  },

  handleInfo: (message, state, self) => {
    if (message instanceof Search) {
      state.place.search();
      self.sendAfter(SEARCH, new Search());
    } else if (message instanceof Refresh) {
      state.place.refresh();
      refreshLater(self, state.refresh);
    } else if (!(message instanceof Down && onDown(state, message))) state.place.onMessage(message);
    return noReply(state);
  },
};

function stateOf({ context, bootstraps, refresh }: RoutingTableArgs, self: Process): State {
  const { dht, scope } = context;
  const identity = shared(context, 'identity');
  if (identity === undefined) throw new Error('the identity is not there');
  const table = new RoutingTable(identity.nodeId);
  for (const contact of dht.table?.contacts() ?? [])
    table.add(contact, dht.table?.heardAt(contact.id) ?? self.clock.now());
  dht.table = table;
  scope.share('routingTable', self, table);
  const met = (contact: Contact): void => {
    see(state, contact);
  };
  const state: State = {
    context,
    self,
    refresh,
    table,
    place: new Place({ context, self, table, bootstraps, refresh, met }),
    pings: new PingQueue(),
    giving: new Giving(context, self, table),
    connections: new Map(),
  };
  for (const contact of table.contacts()) watch(state, contact);
  return state;
}

function refreshLater(self: Self, period: number): void {
  self.sendAfter(period * (1 - JITTER + 2 * JITTER * self.random.float()), new Refresh());
}

function see(state: State, contact: Contact): void {
  const { context, table, place, self } = state;
  const { dht } = context;
  const now = self.clock.now();
  const away = dht.lost.found(contact.nodeId, now);
  dht.failures.forget(contact);
  const added = table.add(contact, now);
  if (added.tag === 'full' && isQuiet(state, added.oldest)) check(state, added.oldest);
  else if (added.tag === 'added') state.giving.greet(contact);
  // where it was it is no more
  if (added.tag === 'limited') leave(state, contact.nodeId);
  if (added.tag === 'self' || added.tag === 'limited') return;
  dht.alone = false;
  watch(state, contact);
  place.step(away > AWAY ? 'regained' : 'met');
}

/**
 * Each question is a connection, which two more nodes see: without this one newcomer makes everybody ask for others.
 */
function isQuiet({ table, self }: State, { id }: Contact): boolean {
  return self.clock.now() - (table.heardAt(id) ?? -Infinity) >= QUIET;
}

function watch({ context, self, connections }: State, { nodeId }: Contact): void {
  for (const { process } of context.standings.of(nodeId)) {
    if (connections.has(process)) continue;
    connections.set(process, nodeId);
    self.monitor(process);
  }
}

/** Whether it was about a connection to a contact. */
function onDown(state: State, { pid, reason }: Down): boolean {
  const { connections, context } = state;
  const nodeId = connections.get(pid as Process);
  if (nodeId === undefined) return false;
  connections.delete(pid as Process);
  if (context.standings.ready(nodeId) !== undefined) return true;
  if (isSilence(reason)) doubt(state, nodeId);
  else if (isGoodbye(reason)) leave(state, nodeId);
  return true;
}

/** It has not answered: it leaves, and is asked once more. */
function doubt(state: State, nodeId: string): void {
  const contact = state.table.find(nodeId);
  if (contact === undefined) return;
  lose(state, contact);
  check(state, contact);
}

/** Asks a contact whether it is there: the oldest of a full bucket, or one that was lost. */
function check(state: State, contact: Contact): void {
  if (state.pings.add(contact)) pump(state);
}

function pump(state: State): void {
  const { context, self, pings } = state;
  for (let contact = pings.next(); contact !== undefined; contact = pings.next()) {
    const asked = contact;
    const target = { nodeId: asked.nodeId, addresses: [asked.address] };
    ask(context, self, target, { type: 'ping' }, PING_TIMEOUT, {
      told: (answer) => {
        pings.done(asked.nodeId);
        if (answer.ok) seeWhereItIs(state, asked);
        else if (answer.blame === 'peer') lose(state, asked);
        pump(state);
      },
    });
  }
}

/** Who answered may have come back elsewhere while the question waited, or without a DHT. */
function seeWhereItIs(state: State, asked: Contact): void {
  const there = state.context.standings.ready(asked.nodeId);
  if (there === undefined) see(state, asked);
  else if (there.dht)
    see(state, parseAddress(there.address) === undefined ? asked : { ...asked, address: there.address });
  else leave(state, asked.nodeId);
}

/** Tells when the nodes around a key are closer than chance puts them. */
function judgeCrowd({ context, self, table }: State, target: Uint8Array, farthest: Contact): void {
  const neighborhood = { self: table.self, neighbor: table.closest(table.self, K)[K - 1]?.id };
  const times = context.dht.crowding.judge(target, farthest.id, neighborhood, self.clock.now());
  if (times !== undefined) context.events.emit('dht.crowded', { key: hex(target), times });
}

/** It has said goodbye: nobody looks for it. */
function leave({ table, place }: State, nodeId: string): void {
  if (table.evict(nodeId) !== undefined && table.size === 0) place.step('empty');
}

function lose({ context, table, place, self }: State, contact: Contact): void {
  if (table.evict(contact.nodeId) === undefined) return;
  context.dht.lost.add(contact, self.clock.now());
  if (table.size > 0) return;
  context.dht.alone = false;
  place.step('empty');
}
