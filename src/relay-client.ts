/**
 * Clients of dist relays as running trees of actors, alone or linked to who starts them, and where they are found.
 */
import { relayClient as clientTree } from '../supervisors/relay-client.ts';
import type { Pid } from './actor/pid.ts';
import type { Process, Self } from './actor/process.ts';
import type { Runtime } from './actor/runtime.ts';
import { wrongRelayClient } from './dist/relay/check-options.ts';
import {
  makeRelayClient,
  type RelayClientOptions,
  type RelayClientParts,
} from './dist/relay/client/make-client.ts';
import { DistRelayClient } from './dist/relay/client/relay-client.ts';
import type { EventHub } from './mesh/events/hub.ts';
import { refuse, wrongRuntime, wrongSelf } from './otp/arguments.ts';
import { chain, type MaybePromise } from './otp/sequence.ts';
import { failed, type StartResult } from './otp/start.ts';
import { startSupervisor, startSupervisorLink, SupervisorRef } from './otp/supervisor.ts';

export interface StandaloneRelayClientOptions extends RelayClientOptions {
  /**
   * The name in `runtime.names` by which `whereisClient` finds it; it is free again when the client has ended. Default `relayClient`;
   * false: none.
   */
  readonly register?: string | false;
}

/** What a start linked to a process gives; `extra` is the client. */
export type RelayClientStart =
  | (Extract<StartResult, { readonly tag: 'ok' }> & { readonly extra: DistRelayClient })
  | Exclude<StartResult, { readonly tag: 'ok' }>;

const LABEL = 'relayClient';

/**
 * Starts a client of dist relays; it dials after that. Throws `StartError` when it cannot start, `{ already_started: pid }` when its
 * name is taken; a `TypeError` or `RangeError` for arguments that make no sense, `RpcError` and `IdentityError` for a membership that is none.
 * @param relays `quic://host:port` or `host:port`, in the order in which they are preferred.
 * @param name what others know this node by: `name@host` or `port@host`.
 */
export async function startRelayClient(
  runtime: Runtime,
  relays: string | readonly string[],
  name: string,
  options: StandaloneRelayClientOptions = {},
): Promise<DistRelayClient> {
  refuse(wrongRuntime(runtime) ?? wrongRelayClient(relays, name, options));
  const { register = LABEL, ...rest } = options;
  const parts = clientParts(runtime, relays, name, rest);
  const root = await startSupervisor(runtime, clientTree(parts), started(runtime, register));
  return shared(runtime, root.pid as Pid, register, parts);
}

/**
 * The same, linked to the calling process, as a child specification does: `{ id, type: 'supervisor', start: (self) =>
 * startRelayClientLink(self, …) }`. Never throws. `extra` of what it gives is the client.
 */
export function startRelayClientLink(
  self: Self,
  relays: string | readonly string[],
  name: string,
  options: StandaloneRelayClientOptions = {},
): MaybePromise<RelayClientStart> {
  const wrong = wrongSelf('self', self) ?? wrongRelayClient(relays, name, options);
  if (wrong !== undefined) return failed(wrong);
  const { runtime } = self;
  const { register = LABEL, ...rest } = options;
  let parts: RelayClientParts;
  try {
    parts = clientParts(runtime, relays, name, rest);
  } catch (error) {
    return failed(error);
  }
  const starting = startSupervisorLink(self, clientTree(parts), started(runtime, register));
  return chain(starting, (result): RelayClientStart =>
    result.tag === 'ok' ? { ...result, extra: shared(runtime, result.pid, register, parts) } : result,
  );
}

/** The client of that name; undefined: there is none, or it has not started yet. Default `relayClient`. */
export const whereisClient = (runtime: Runtime, name: string = LABEL): DistRelayClient | undefined => {
  const client = runtime.names.shared(name);
  return client instanceof DistRelayClient ? client : undefined;
};

/** For whoever has a client inside. */
export function clientParts(
  runtime: Runtime,
  relays: string | readonly string[],
  name: string,
  { identity, keys, secret, ...rest }: RelayClientOptions,
  log?: EventHub,
): RelayClientParts {
  return makeRelayClient({
    ...rest,
    runtime,
    relays,
    name: () => name,
    ...(log === undefined ? {} : { log }),
    ...(identity === undefined ? {} : { identity: () => identity }),
    keyOf: (node) => {
      const id = typeof keys === 'function' ? keys(node) : keys?.[node];
      return id === undefined ? undefined : Buffer.from(id, 'hex');
    },
    secretOf: typeof secret === 'function' ? secret : () => secret,
  });
}

const started = (runtime: Runtime, register: string | false): object =>
  register === false ? { label: LABEL } : { label: LABEL, name: register, scope: runtime.names };

function shared(
  runtime: Runtime,
  pid: Pid,
  register: string | false,
  { context }: RelayClientParts,
): DistRelayClient {
  const client = new DistRelayClient(context, async () => {
    if ((pid as Process).alive) await new SupervisorRef(runtime, pid).stop();
  });
  if (register !== false && (pid as Process).alive) runtime.names.share(register, pid, client);
  return client;
}
