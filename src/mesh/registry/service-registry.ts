/**
 * The service registry: keeps the table of providers at this node and the procedures behind it.
 *
 * Supervised by `services`; a crash loses nothing: its successor reads the intent again, and connections repeat
 * what their peers registered.
 */
import type { Process } from '../../actor/process.ts';
import { Down } from '../../actor/monitor.ts';
import type { Ref } from '../../actor/pid.ts';
import { childrenOf } from '../../actor/tree.ts';
import { DynamicSupervisorRef, startDynamicChild } from '../../otp/dynamic-supervisor.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply, reply } from '../../otp/result.ts';
import { chain, type MaybePromise } from '../../otp/sequence.ts';
import { ServerRef } from '../../otp/server-ref.ts';
import type { StartResult } from '../../otp/start.ts';
import { actor, shared, type MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import type { AnyHandler } from '../handlers/handler.ts';
import { procedureSpec, Retire } from '../handlers/procedure.ts';
import { serverCaller } from '../handlers/server-handler.ts';
import type { Advertised, IntentCalls } from '../intent/intent.ts';
import { Replay } from '../connection/messages.ts';
import { Registered } from './registered.ts';
import { ServiceTable, type Provider } from './service-table.ts';

/** Procedures one connected client may register. */
const PER_CLIENT = 10_000;

export type AdvertiseAnswer = { readonly ok: true } | { readonly ok: false; readonly failure: RpcFailure };

export interface RegistryCalls {
  advertise(entry: Advertised): AdvertiseAnswer;
  /** Removes one advertisement by its id, or the owner's by name. False when there was none. */
  unadvertise(what: { readonly procedure: string; readonly owner: string; readonly id?: string }): boolean;
  /** Everything an owner advertised leaves. */
  leave(owner: string): number;
}

/** A connected client's wish; the answer is a `Registered` message to its connection. */
export interface Registration {
  readonly connection: Process;
  readonly nodeId: string;
  readonly requestId: Uint8Array;
  readonly procedure: string;
}

export interface RegistryCasts {
  register(what: Registration): void;
  unregister(what: Registration): void;
}

interface State {
  readonly context: MeshContext;
  readonly table: ServiceTable;
  /** Monitored connections and how much each registered. */
  readonly clients: Map<Process, { readonly ref: Ref; count: number }>;
}

export const serviceRegistryServer: GenServer<MeshContext, State, RegistryCalls, RegistryCasts> = {
  label: 'serviceRegistry',

  init: async (context, self) => {
    const table = new ServiceTable();
    const state: State = { context, table, clients: new Map() };
    for (const entry of shared(context, 'intent')?.values() ?? []) await add(state, entry);
    context.scope.share('serviceRegistry', self as Process, table);
    const connections = actor(context, 'connections');
    if (connections !== undefined)
      for (const connection of childrenOf(connections)) self.send(connection, new Replay());
    return state;
  },

  handleCall: {
    advertise: async (entry, state) => {
      const answer = await add(state, entry);
      if (answer.ok) await intent(state.context).call('put', entry);
      return reply(answer, state);
    },
    unadvertise: async ({ procedure, owner, id }, state) => {
      const provider =
        id === undefined ? state.table.removeOwned(procedure, owner) : state.table.remove(procedure, id);
      if (provider !== undefined) await forget(state, provider);
      return reply(provider !== undefined, state);
    },
    leave: async (owner, state) => {
      const providers = state.table.ownedBy(owner);
      for (const provider of providers) {
        state.table.remove(provider.procedure, provider.id);
        await forget(state, provider);
      }
      return reply(providers.length, state);
    },
  },

  handleCast: {
    register: (what, state, self) => {
      const failure = register(state, self, what);
      if (what.requestId.length > 0) self.send(what.connection, new Registered(what.requestId, failure));
      return noReply(state);
    },
    unregister: (what, state, self) => {
      const removed = state.table.removeOwned(what.procedure, ownerOf(what.connection));
      const client = state.clients.get(what.connection);
      if (removed !== undefined && client !== undefined) client.count--;
      self.send(what.connection, new Registered(what.requestId, undefined));
      return noReply(state);
    },
  },

  handleInfo: (message, state) => {
    if (message instanceof Down) {
      const connection = message.pid as Process;
      state.clients.delete(connection);
      for (const provider of state.table.ownedBy(ownerOf(connection))) {
        state.table.remove(provider.procedure, provider.id);
      }
    }
    return noReply(state);
  },
};

const ownerOf = (connection: Process): string => `connection:${connection.serial}`;

const intent = (context: MeshContext): ServerRef<IntentCalls> =>
  new ServerRef<IntentCalls>(context.runtime, { scope: context.scope, name: 'intent' });

function register(
  state: State,
  self: { monitor(pid: Process): Ref },
  what: Registration,
): RpcFailure | undefined {
  const { connection, procedure, nodeId } = what;
  if (!connection.alive) return undefined;
  let client = state.clients.get(connection);
  if (client === undefined) {
    client = { ref: self.monitor(connection), count: 0 };
    state.clients.set(connection, client);
  }
  if (client.count >= PER_CLIENT) return { tag: 'overloaded', bound: 'registrations' };
  const owner = ownerOf(connection);
  const result = state.table.add({
    id: `${owner}/${procedure}`,
    procedure,
    owner,
    exclusive: false,
    target: { kind: 'peer', connection, nodeId },
    inFlight: 0,
  });
  if (result.tag === 'exclusive') return EXCLUSIVE;
  if (result.tag === 'full') return { tag: 'overloaded', bound: 'registry' };
  if (result.tag === 'added') client.count++;
  return undefined;
}

const EXCLUSIVE: RpcFailure = { tag: 'unauthorized', detail: 'another provider holds this name exclusively' };

/** Starts what serves the advertisement and lists it; nothing is left of a refused one. */
function add(state: State, entry: Advertised): MaybePromise<AdvertiseAnswer> {
  const name = `procedure:${entry.id}`;
  const { table } = state;
  const result = table.add({
    id: entry.id,
    procedure: entry.procedure,
    owner: entry.owner,
    exclusive: entry.exclusive,
    target: { kind: 'handler', name },
    inFlight: 0,
  });
  if (result.tag === 'exclusive') return { ok: false, failure: EXCLUSIVE };
  if (result.tag === 'full') return { ok: false, failure: { tag: 'overloaded', bound: 'registry' } };
  return chain(serve(state.context, entry, name), (started): MaybePromise<AdvertiseAnswer> => {
    if (started.tag !== 'ok') {
      table.remove(entry.procedure, entry.id);
      if (result.tag === 'replaced') table.add(result.previous);
      return {
        ok: false,
        failure: { tag: 'connection_error', sent: false, detail: 'the handler did not start' },
      };
    }
    if (result.tag === 'replaced') retire(state.context, result.previous);
    return { ok: true };
  });
}

/** Starts the procedure, and before it the server behind it when one was given to be supervised. */
function serve(context: MeshContext, entry: Advertised, name: string): MaybePromise<StartResult> {
  const handlers = actor(context, 'handlers');
  if (handlers === undefined) return { tag: 'error', reason: 'noproc' };
  const procedure = (handler: AnyHandler): MaybePromise<StartResult> =>
    startDynamicChild(
      handlers,
      procedureSpec(name, context.scope, {
        procedure: entry.procedure,
        handler,
        authorize: entry.authorize,
        limits: entry.limits,
        crashDetails: context.settings.crashDetails,
      }),
    );
  if (typeof entry.handler === 'function') return procedure(entry.handler);
  const { server, tag } = entry.handler;
  if (server instanceof ServerRef) return procedure(serverCaller(server, tag));
  const serverName = `server:${entry.id}`;
  const named = {
    ...server,
    id: serverName,
    start: (parent: Parameters<typeof server.start>[0]) =>
      chain(server.start(parent), (started) => {
        if (started.tag === 'ok') context.scope.register(serverName, started.pid as Process);
        return started;
      }),
  };
  return chain(startDynamicChild(handlers, named), (started) =>
    started.tag === 'ok'
      ? procedure(
          serverCaller(new ServerRef(context.runtime, { scope: context.scope, name: serverName }), tag),
        )
      : started,
  );
}

/** Lets the calls that run finish, then the procedure ends; its own server is stopped. */
function retire(context: MeshContext, provider: Provider): void {
  if (provider.target.kind !== 'handler') return;
  const process = context.scope.whereis(provider.target.name);
  if (process !== undefined) context.runtime.send(process, new Retire());
}

async function forget(state: State, provider: Provider): Promise<void> {
  const { context } = state;
  retire(context, provider);
  if (provider.target.kind !== 'handler') return;
  await intent(context).call('remove', provider.id);
  const server = context.scope.whereis(`server:${provider.id}`);
  const handlers = actor(context, 'handlers');
  if (server !== undefined && handlers !== undefined) {
    await new DynamicSupervisorRef(context.runtime, handlers).terminateChild(server);
  }
}
