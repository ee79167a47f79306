/**
 * The service registry: keeps the table of providers at this node and the procedures behind it.
 *
 * It waits for nobody: a server that is slow to start holds up its own advertisement only. It also keeps the cache
 * of providers elsewhere, and has names looked up that are not in it (`discovery.ts`). Supervised by `services`; a
 * crash loses nothing but the questions that wait for a lookup: its successor reads the intent again, adopts what
 * still runs, and connections repeat what their peers registered.
 */
import type { Process } from '../../actor/process.ts';
import { Down } from '../../actor/monitor.ts';
import { childrenOf } from '../../actor/tree.ts';
import type { From, GenServer } from '../../otp/gen-server.ts';
import { noReply, reply, type NoReply } from '../../otp/result.ts';
import { Request, ServerRef } from '../../otp/server-ref.ts';
import type { StartResult } from '../../otp/start.ts';
import { Farewell, Replay } from '../connection/messages.ts';
import { actor, type MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import type { MeshFields } from '../events/catalogue.ts';
import { keyOfAdvertised, type Advertised, type IntentCalls } from '../intent/intent.ts';
import { Clients } from './clients.ts';
import { DiscoverRequest } from './discovery.ts';
import { Flights, REFRESH } from './flights.ts';
import { mergeInterests } from './interests.ts';
import { Registered, type Enrollment, type Registration, type Trust } from './registered.ts';
import { keeperOf, LATE, procedureName, retire, serve, SERVER_START, servedIds } from './serving.ts';
import { ServiceTable } from './service-table.ts';

/** Messages queued at most, as the router's. */
const REGISTRY_MAILBOX = 16_384;
/** Between two looks for entries of the cache that are over, milliseconds. */
const PRUNE = 60_000;
/** Milliseconds until a server that gave up, or did not start, is tried again. */
const REST = 5_000;

export type AdvertiseAnswer = { readonly ok: true } | { readonly ok: false; readonly failure: RpcFailure };

export interface Withdrawal {
  readonly procedure: string;
  readonly owner: string;
  /** Only when it is still this advertisement. */
  readonly id?: string;
}

export interface RegistryCalls {
  /** Answers when the procedure can be called. */
  advertise(entry: Advertised): AdvertiseAnswer;
  /** False when there was nothing to withdraw. */
  unadvertise(what: Withdrawal): boolean;
  /** Everything an owner advertised leaves; gives the processes that still finish their calls. */
  leave(owner: string): readonly Process[];
}

export interface RegistryCasts {
  register(what: Registration): void;
  enroll(what: Enrollment): void;
  trust(what: Trust): void;
  /** A connected client says goodbye: it gets no new calls, and its connection a `Farewell`. */
  goodbye(connection: Process): void;
  /** Somebody uses what the cache will soon forget. */
  refresh(procedure: string): void;
  /** These names will be called: they are looked up as soon as that is possible. */
  prefetch(procedures: readonly string[]): void;
}

interface State {
  readonly context: MeshContext;
  readonly table: ServiceTable;
  readonly clients: Clients;
  readonly flights: Flights;
  /** What keeps the server of an advertisement alive, to notice when it gives up. */
  readonly keepers: Map<Process, Advertised>;
}

/** Time to start again what serves an advertisement. */
class Revive {
  readonly entry: Advertised;
  constructor(entry: Advertised) {
    this.entry = entry;
  }
}

export const serviceRegistryServer: GenServer<MeshContext, State, RegistryCalls, RegistryCasts> = {
  label: 'serviceRegistry',
  mailbox: REGISTRY_MAILBOX,

  init: (context, self) => {
    const process = self as Process;
    const table = new ServiceTable(undefined, (procedure) => {
      const advertiser = actor(context, 'advertiser');
      // what it is not told, it finds by itself in a while
      if (advertiser !== undefined) context.runtime.cast(advertiser, new Request('changed', procedure));
    });
    const clients = new Clients(table, process, context.events);
    const flights = new Flights(context, process);
    const state: State = { context, table, clients, flights, keepers: new Map() };
    if (context.settings.dht) pruneLater(context, process);
    flights.whenJoined(context.discovery.interests);
    const handlers = actor(context, 'handlers');
    if (handlers !== undefined) {
      const wanted = new Set([...context.advertised.values()].map(({ id }) => id));
      for (const id of servedIds(childrenOf(handlers))) if (!wanted.has(id)) retire(context, id);
    }
    for (const entry of context.advertised.values()) revive(state, process, entry);
    const connections = actor(context, 'connections');
    const all = connections === undefined ? [] : [...childrenOf(connections)];
    clients.expect(all);
    context.scope.share('serviceRegistry', process, table);
    for (const connection of all) self.send(connection, new Replay());
    return state;
  },

  handleCall: {
    advertise: (entry, state, self, from) => advertise(state, self as Process, entry, from),
    unadvertise: async (what, state) => reply((await withdraw(state, what)) !== undefined, state),
    leave: async (owner, state) => {
      const finishing: Process[] = [];
      for (const { procedure } of state.table.ownedBy(owner)) {
        const { process } = (await withdraw(state, { procedure, owner })) ?? {};
        if (process !== undefined) finishing.push(process);
      }
      return reply(finishing, state);
    },
  },

  handleCast: {
    register: (what, state, self) => {
      self.send(what.connection, new Registered(what, state.clients.register(what)));
      return noReply(state);
    },
    enroll: (what, state) => {
      state.clients.enroll(what);
      return noReply(state);
    },
    trust: ({ connection, trusted }, state) => {
      state.clients.trust(connection, trusted);
      return noReply(state);
    },
    goodbye: (connection, state, self) => {
      state.clients.leave(connection);
      self.send(connection, new Farewell());
      return noReply(state);
    },
    refresh: (procedure, state) => {
      state.flights.begin(procedure, REFRESH);
      return noReply(state);
    },
    prefetch: (procedures, state) => {
      const { discovery } = state.context;
      discovery.interests = mergeInterests(discovery.interests, procedures);
      state.flights.whenJoined(procedures);
      return noReply(state);
    },
  },

  handleRequest: (request, state) => {
    if (request instanceof DiscoverRequest) state.flights.join(request);
    return noReply(state);
  },

  handleInfo: (message, state, self) => {
    if (state.flights.onMessage(message)) return noReply(state);
    if (message instanceof Revive) revive(state, self as Process, message.entry);
    else if (message instanceof Down) {
      const process = message.pid as Process;
      const kept = state.keepers.get(process);
      state.keepers.delete(process);
      if (kept === undefined) state.clients.lost(process);
      else if (isCurrent(state.context, kept)) self.sendAfter(REST, new Revive(kept));
    }
    return noReply(state);
  },
};

const intent = (context: MeshContext): ServerRef<IntentCalls> =>
  new ServerRef<IntentCalls>(context.runtime, { scope: context.scope, name: 'intent' });

/** Work, not a message: a full mailbox must not end it. */
function pruneLater(context: MeshContext, self: Process): void {
  context.runtime.workAfter(PRUNE, self, () => {
    context.discovery.cache.pruneExpired(context.runtime.clock.now());
    pruneLater(context, self);
  });
}

const isCurrent = ({ advertised }: MeshContext, { owner, procedure, id }: Advertised): boolean =>
  advertised.get(keyOfAdvertised(owner, procedure))?.id === id;

// --- our own advertisements ---------------------------------------------------------------------------------

async function advertise(
  state: State,
  self: Process,
  entry: Advertised,
  from: From,
): Promise<NoReply<State>> {
  if (from.settled) return noReply(state);
  const refused = refusal(state.table.judge(entry));
  if (refused !== undefined) {
    from.reply({ ok: false, failure: refused });
    return noReply(state);
  }
  const conclude = async (started: StartResult): Promise<void> => {
    const failure = from.settled ? GIVEN_UP : list(state, self, entry, started);
    if (failure === undefined) {
      await intent(state.context).call('put', entry);
      // whoever was not told cannot take it back either
      if (!from.reply({ ok: true })) await withdraw(state, entry);
      else state.context.events.emit('service.advertised', advertisedFields(entry));
    } else {
      retire(state.context, entry.id);
      from.reply({ ok: false, failure });
    }
  };
  const started = serve(state.context, entry);
  if (started instanceof Promise) whenStarted(self, started, conclude);
  else await conclude(started);
  return noReply(state);
}

const advertisedFields = ({ procedure, metadata }: Advertised): MeshFields<'service.advertised'> => ({
  procedure,
  provider: 'here',
  ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
});

const GIVEN_UP: RpcFailure = { tag: 'canceled' };

/** Goes on in our own turn once a slow start is over; the registry serves others meanwhile. */
function whenStarted(
  self: Process,
  started: Promise<StartResult>,
  next: (started: StartResult) => void | Promise<void>,
): void {
  started.then(
    (result) => self.runtime.work(self, () => next(result)),
    (reason: unknown) => self.runtime.work(self, () => next({ tag: 'error', reason })),
  );
}

function list(state: State, self: Process, entry: Advertised, started: StartResult): RpcFailure | undefined {
  const { context, table } = state;
  if (started.tag !== 'ok') {
    const within = started === LATE ? ` within ${SERVER_START} ms` : '';
    return { tag: 'connection_error', sent: false, detail: `what should serve it did not start${within}` };
  }
  const { id, procedure, owner, exclusive, ttl, metadata, description } = entry;
  const target = { kind: 'handler', name: procedureName(id) } as const;
  const said = { exclusive, ttl, metadata, description, advertisedAt: self.clock.wall() };
  const result = table.add({ id, procedure, owner, ...said, target, inFlight: 0 });
  if (result.tag === 'replaced' && result.previous.id !== id) retire(context, result.previous.id);
  const keeper = keeperOf(context, id);
  if (keeper !== undefined && !state.keepers.has(keeper)) {
    state.keepers.set(keeper, entry);
    self.monitor(keeper);
  }
  return refusal(result.tag);
}

/** Serves again what was advertised before: after a restart of ours, or when its server has rested. */
function revive(state: State, self: Process, entry: Advertised): void {
  const { context } = state;
  const settle = (started: StartResult): void => {
    if (!isCurrent(context, entry)) retire(context, entry.id);
    else if (list(state, self, entry, started) !== undefined) self.sendAfter(REST, new Revive(entry));
  };
  if (!isCurrent(context, entry)) return;
  const started = serve(context, entry);
  if (started instanceof Promise) whenStarted(self, started, settle);
  else settle(started);
}

async function withdraw(
  state: State,
  { procedure, owner, id }: Withdrawal,
): Promise<{ readonly process: Process | undefined } | undefined> {
  const { context, table } = state;
  const provider = table.remove(procedure, owner, id);
  if (provider === undefined) return undefined;
  context.events.emit('service.unadvertised', { procedure, provider: 'here' });
  await intent(context).call('remove', { procedure, owner, id: provider.id });
  return { process: retire(context, provider.id) };
}

function refusal(verdict: 'added' | 'replaced' | 'exclusive' | 'full'): RpcFailure | undefined {
  if (verdict === 'exclusive') {
    return {
      tag: 'unauthorized',
      detail: 'another provider holds this name, or one of the two is exclusive',
    };
  }
  return verdict === 'full' ? { tag: 'overloaded', bound: 'registry' } : undefined;
}
