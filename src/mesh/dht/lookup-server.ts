/**
 * A lookup: asks its way through the DHT for one target, tells its owner what it found, and ends.
 *
 * A temporary child of `lookups`; whoever started it monitors it, for one that is killed tells nothing. Whom to ask
 * next is decided in `lookup.ts`; here it is asked. A lookup for providers reads our own records first and verifies
 * every record it is given; one that stores goes on to put the record on the nodes it found.
 */
import { seconds } from '../../actor/clock.ts';
import type { Process } from '../../actor/process.ts';
import type { TimerEntry } from '../../actor/timers.ts';
import type { ContactPayload, SignedRecordPayload } from '../../codec/payloads.ts';
import { startDynamicChild } from '../../otp/dynamic-supervisor.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { ignore, noReply, started, stop, type NoReply, type Stop } from '../../otp/result.ts';
import { worker } from '../../otp/supervisor.ts';
import { Request } from '../../otp/server-ref.ts';
import { addressClass, type AddressClass } from '../../transport/address.ts';
import { actor, hex, shared, type MeshContext } from '../context.ts';
import { ASKED } from '../events/recent.ts';
import { announced, classAt, classOf } from '../peer/announced.ts';
import type { PeerAnswer, PeerQuestion } from '../peer/peer-request.ts';
import { readyPeer } from '../peer/to-peer.ts';
import { signerOf } from '../registry/presence.ts';
import { ask } from './ask.ts';
import { K, type Contact } from './contact.ts';
import type { ContactBook } from './contact-book.ts';
import { Lookup } from './lookup.ts';
import { noteLookup } from './lookup-note.ts';
import { LookupDone, type LookupOutcome, type LookupRequest } from './lookup-request.ts';
import { ProviderList } from './provider-list.ts';
import type { Waits } from './request-times.ts';
import type { RoutingTable } from './routing-table.ts';
import type { RoutingTableCasts } from './routing-table-server.ts';
import { StoreRequest } from './store-request.ts';
import { Storing } from './storing.ts';

/** Nodes with records after which a lookup for providers does not wait for those that are late. */
const ENOUGH = 3;
/** Milliseconds for a record to be kept: its receiver verifies it, and may have others to verify before it. */
const STORE_TIMEOUT = seconds(2);

export interface LookupOptions {
  /** Milliseconds for all of it. */
  readonly timeout: number;
}

interface LookupArgs extends LookupOptions {
  readonly context: MeshContext;
  readonly request: LookupRequest;
  readonly done: (done: LookupDone) => void;
}

interface State extends LookupArgs {
  readonly self: Process;
  readonly table: RoutingTable;
  readonly lookup: Lookup;
  /** Records found; undefined unless providers are looked up. */
  readonly found: ProviderList | undefined;
  readonly since: number;
  /** Set when the nodes are found that a record goes to. */
  storing: Storing | undefined;
  /** Fires when a question is late, or before. */
  wake: TimerEntry | undefined;
  wakeAt: number;
}

/** Something may have to be asked now. */
class Wake {
  readonly wake = true;
}
/** Time is over. */
class Over {
  readonly over = true;
}

/**
 * Starts a lookup, which sends its owner a `LookupDone`; undefined when there are too many, or none can be made now.
 */
export function startLookup(
  context: MeshContext,
  request: LookupRequest,
  owner: Process,
  options: LookupOptions,
): Process | undefined {
  const done = (what: LookupDone): void => {
    context.runtime.send(owner, what);
  };
  return startLookupThen(context, request, done, options);
}

/** The same; `done` runs in the turn of the lookup, must be short and must not throw. */
export function startLookupThen(
  context: MeshContext,
  request: LookupRequest,
  done: (done: LookupDone) => void,
  { timeout }: LookupOptions,
): Process | undefined {
  const lookups = actor(context, 'lookups');
  if (lookups === undefined) return undefined;
  const args: LookupArgs = { context, request, done, timeout };
  const result = startDynamicChild(lookups, worker('lookup', lookupServer, args, { restart: 'temporary' }));
  if (result instanceof Promise || result.tag !== 'ok') return undefined;
  context.counters.lookups++;
  return result.pid as Process;
}

const lookupServer: GenServer<LookupArgs, State> = {
  label: 'lookup',

  init: (args, self) => {
    const { context, request } = args;
    const table = shared(context, 'routingTable');
    // it is being restarted; whoever asked is told that no lookup can be made now
    if (table === undefined) return ignore;
    const { dht, settings } = context;
    const { clock } = self;
    const target = request.kind === 'nodes' ? request.target : request.key;
    const lookup = new Lookup({
      self: table.self,
      target,
      waits: ({ nodeId }) => waitsFor(context, nodeId),
      isLost: (contact) => dht.failures.size > 0 && dht.failures.has(contact, clock.now()),
      ...(request.kind === 'providers' ? { enough: ENOUGH } : {}),
      ...(request.kind === 'nodes' && request.count !== undefined ? { k: request.count } : {}),
    });
    lookup.start(table.closest(target, K));
    self.sendAfter(args.timeout, new Over());
    const state: State = {
      ...args,
      self: self as Process,
      table,
      lookup,
      found:
        request.kind === 'providers'
          ? new ProviderList(hex(target), settings.realm, signerOf(request.procedure))
          : undefined,
      since: clock.now(),
      storing: undefined,
      wake: undefined,
      wakeAt: Infinity,
    };
    if (state.found !== undefined) {
      const at = { now: clock.now(), wall: clock.wall() };
      // anybody may have put it here: only who is bound to loopback knows that it was somebody of this machine
      const from = addressClass(shared(context, 'endpoint')?.local?.host ?? '');
      for (const record of shared(context, 'recordStore')?.held(hex(target), at) ?? [])
        state.found.add(record, from);
    }
    return started(state, { continue: new Wake() });
  },

  handleContinue: (_wake, state) => proceed(state),

  handleInfo: (message, state) => {
    if (message instanceof Wake) state.wakeAt = Infinity;
    return proceed(state, message instanceof Over);
  },
};

const waitsFor = (context: MeshContext, nodeId: string): Waits =>
  context.dht.times.waits(nodeId, readyPeer(context, nodeId) === undefined);

/** Does what is to be done now; ends when that was all, or time is over. */
function proceed(state: State, over = false): NoReply<State> | Stop<State> {
  const outcome = over ? outOfTime(state) : goOn(state);
  if (outcome === undefined) return noReply(state);
  tell(state, outcome);
  return stop('normal', state);
}

/** The same in the turn in which an answer came. */
function onAnswer(state: State): void {
  const outcome = goOn(state);
  if (outcome === undefined) return;
  tell(state, outcome);
  state.self.runtime.stop(state.self, 'normal');
}

/** Asks whom it is time to ask; the outcome when nobody is left. */
function goOn(state: State): LookupOutcome | undefined {
  if (state.storing !== undefined) return storeOn(state, state.storing);
  const { lookup, self } = state;
  const now = self.clock.now();
  for (const { contact, timeout } of lookup.next(now)) question(state, contact, timeout);
  if (lookup.done) {
    state.wake?.unset();
    state.wakeAt = Infinity;
    return found(state);
  }
  // one that fires too early does no harm: most answers come in time, and need no timer of their own
  const { nextWake = Infinity } = lookup;
  if (nextWake < state.wakeAt) {
    state.wake?.unset();
    state.wakeAt = nextWake;
    state.wake = self.sendAfter(Math.max(1, nextWake - now), new Wake());
  }
  return undefined;
}

function question(state: State, contact: Contact, timeout: number): void {
  const { context, self, request, lookup, table } = state;
  const { nodeId, address } = contact;
  const { dht, runtime } = context;
  const warm = readyPeer(context, nodeId) !== undefined;
  // where it has proven to be comes before where others say that it is
  const proven = table.get(contact.id)?.address ?? address;
  const addresses = proven === address ? [address] : [proven, address];
  ask(context, self, { nodeId, addresses }, questionOf(request), timeout, {
    told: (answer) => {
      if (!answer.ok) lookup.failed(nodeId, answer.unasked);
      else {
        // a link that was there leads where it really is, whatever others say
        const at = context.standings.ready(nodeId, false)?.address ?? proven;
        const from = classFrom(contact, at);
        const { nodes, value } = contentOf(dht.book, answer.answer, from);
        const refused = state.found?.take(value, self.clock.wall(), from) ?? 0;
        // whoever sends only what nobody can use has nothing
        const took = lookup.answered(nodeId, nodes, self.clock.now(), value.length > refused, at);
        if (took !== undefined && warm) dht.times.observed(nodeId, took);
      }
      onAnswer(state);
    },
    failed: () => {
      dht.failures.note(contact, runtime.clock.now());
      tellTable(context, 'failed', { nodeId });
    },
  });
}

function questionOf(request: LookupRequest): PeerQuestion {
  switch (request.kind) {
    case 'nodes':
      return { type: 'find_node', target: request.target };
    case 'providers':
      return { type: 'find_value', key: request.key };
    case 'store':
      return { type: 'find_node', target: request.key };
  }
}

interface Content {
  readonly nodes: readonly Contact[];
  readonly value: readonly SignedRecordPayload[];
}

/** What a node answered; the connection has matched it with the question. */
function contentOf(book: ContactBook, { type, payload }: PeerAnswer, from: AddressClass): Content {
  if (type === 'find_node_reply') return { nodes: contactsOf(book, payload.nodes, from), value: [] };
  if (type === 'find_value_reply')
    return { nodes: contactsOf(book, payload.nodes ?? [], from), value: payload.value ?? [] };
  return { nodes: [], value: [] };
}

/** Nobody makes us dial where he could not have been told of: machines of our own network, or this one. */
function contactsOf(
  book: ContactBook,
  nodes: readonly ContactPayload[],
  from: AddressClass,
): readonly Contact[] {
  const contacts: Contact[] = [];
  for (let index = 0; index < nodes.length && index < K; index++) {
    const { node_id: id, address } = nodes[index]!;
    const contact = book.contact(id, address);
    if (announced(contact, from)) contacts.push(contact);
  }
  return contacts;
}

/** The class of the address at which a node really is, which most often is where it was said to be. */
function classFrom(contact: Contact, at: string): AddressClass {
  const known = at === contact.address ? classAt(contact) : 'nowhere';
  return known === 'nowhere' ? classOf(at) : known;
}

// --- what came of it ----------------------------------------------------------------------------------------

/** All who live were asked. */
function found(state: State): LookupOutcome | undefined {
  const { context, request, lookup, self } = state;
  const { asked, answered } = lookup.stats;
  const isHeard = answered > 0;
  if (isHeard) {
    const target = request.kind === 'nodes' ? request.target : request.key;
    tellTable(context, 'heard', { target, contacts: lookup.closest(), farthest: lookup.farthest });
  }
  const providers = state.found?.providers(self.clock.wall()) ?? [];
  if (!isHeard && !context.dht.alone && providers.length === 0) {
    const detail = asked === 0 ? 'no node of the DHT is in reach' : 'no node of the DHT answers';
    return { tag: 'unreachable', detail };
  }
  if (request.kind === 'providers' && providers.length === 0 && !lookup.isSure)
    return { tag: 'unreachable', detail: 'not all nodes could be asked' };
  switch (request.kind) {
    case 'nodes':
      return { tag: 'nodes', closest: lookup.closest() };
    case 'providers':
      return { tag: 'providers', providers };
    case 'store':
      state.storing = new Storing(request.key, state.table.self, lookup.closest(2 * K));
      return storeOn(state, state.storing);
  }
}

/** What is known is better than nothing. */
function outOfTime(state: State): LookupOutcome {
  const { storing, self, timeout } = state;
  if (storing !== undefined) return { tag: 'stored', stored: storing.stored, of: storing.of };
  const providers = state.found?.providers(self.clock.wall()) ?? [];
  if (providers.length > 0) return { tag: 'providers', providers };
  return { tag: 'unreachable', detail: `not all nodes answered within ${timeout} ms` };
}

function tell(state: State, outcome: LookupOutcome): void {
  const { context, self, request, lookup, since, done } = state;
  const { firstValueAt, stats } = lookup;
  const first = firstValueAt === undefined ? undefined : firstValueAt - since;
  const took = self.clock.now() - since;
  context.dht.took.observe(took);
  context.dht.hops.observe(stats.hops);
  noteLookup(context, request, outcome, { ...stats, first, took }, () => lookup.trace(ASKED, since));
  done(new LookupDone(self, request, outcome, { ...stats, first, took }));
}

function tellTable<Tag extends keyof RoutingTableCasts>(
  context: MeshContext,
  tag: Tag,
  payload: Parameters<RoutingTableCasts[Tag]>[0],
): void {
  const table = actor(context, 'routingTable');
  if (table !== undefined) context.runtime.cast(table, new Request(tag, payload));
}

// --- putting a record where it belongs ----------------------------------------------------------------------

function storeOn(state: State, storing: Storing): LookupOutcome | undefined {
  for (let keeper = storing.next(); keeper !== undefined; keeper = storing.next()) {
    if (keeper === 'self') storeHere(state, storing);
    else storeAt(state, storing, keeper);
  }
  return storing.done ? { tag: 'stored', stored: storing.stored, of: storing.of } : undefined;
}

function storeAt(state: State, storing: Storing, { nodeId, address }: Contact): void {
  const { context, self, request } = state;
  if (request.kind !== 'store') return;
  const { key, value } = request;
  ask(context, self, { nodeId, addresses: [address] }, { type: 'store', key, value }, STORE_TIMEOUT, {
    told: (answer) => {
      storing.settled(
        answer.ok && answer.answer.type === 'store_reply' && answer.answer.payload.error === undefined,
      );
      onAnswer(state);
    },
    failed: () => {
      tellTable(context, 'failed', { nodeId });
    },
  });
}

function storeHere(state: State, storing: Storing): void {
  const { context, self, request, table } = state;
  const { runtime } = context;
  const store = actor(context, 'recordStore');
  if (request.kind !== 'store') return;
  const settle = (kept: boolean): void => {
    runtime.work(self, () => {
      storing.settled(kept);
      onAnswer(state);
    });
  };
  if (store === undefined) {
    settle(false);
    return;
  }
  const wish = new StoreRequest(request.key, request.value, hex(table.self), (outcome) => {
    settle(outcome.ok && outcome.error === undefined);
  });
  runtime.call(store, wish, STORE_TIMEOUT);
}
