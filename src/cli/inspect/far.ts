/**
 * A node elsewhere, looked at through the mesh: the one at a URL, or any other that is found from there by its id.
 *
 * Shell: is a client, or for a while a node, with the key that the other node has named in `inspector.allow`. It stays connected
 * until it is closed, and comes back by itself. Throws `InspectError` `unauthorized`, and `RpcError` as calls do.
 */
import { systemClock } from '../../actor/clock.ts';
import type { RemoteDelta, RemoteInspector } from '../../inspect/remote-client.ts';
import { RpcError } from '../../mesh/errors/rpc-error.ts';
import { listenFor } from '../ask.ts';
import { usageError } from '../error-document.ts';
import { settingsOf, type TrustFlags } from '../options.ts';
import { InspectError } from './inspect-error.ts';
import type { FollowOptions, Inspection } from './inspection.ts';

export interface FarFlags extends TrustFlags {
  readonly connect?: string;
  /** Hex id of the node that is meant; default: whoever is at the URL. */
  readonly nodeId?: string;
  /** Milliseconds to connect, and for each answer. */
  readonly timeout: number;
}

/** For an answer from far away, milliseconds. */
const GRACE = 2_000;
/** For the goodbye: nothing of ours is in flight any more. Milliseconds. */
const GOODBYE = 1_000;
/** Between two questions, milliseconds: a node forgets who asks less often. */
const MOST_INTERVAL = 10_000;

/** A connection, or a place in the mesh. */
interface Standpoint {
  readonly remote: RemoteInspector;
  /** Ours, which the node has named or not. */
  readonly id: string;
  readonly leave: () => Promise<void>;
}

export class Far {
  readonly #url: string;
  readonly #flags: FarFlags;
  readonly #signal: AbortSignal;
  #standpoint: Promise<Standpoint> | undefined;

  /** Throws `RpcError` `invalid_args`. */
  constructor(url: string, flags: FarFlags, signal: AbortSignal) {
    if (flags.identity === undefined)
      throw usageError('identity', 'is missing: a node knows those that may look by their keys (--identity)');
    this.#url = url;
    this.#flags = flags;
    this.#signal = signal;
  }

  /** The same one each time; a try that failed is made anew. */
  async reach(): Promise<Inspection> {
    this.#standpoint ??= this.#go();
    try {
      return farInspection(this.#url, await this.#standpoint);
    } catch (error) {
      this.#standpoint = undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    const standpoint = await this.#standpoint?.catch(() => undefined);
    await standpoint?.leave();
  }

  async #go(): Promise<Standpoint> {
    const { connect } = await import('../../node.ts');
    const { timeout, nodeId } = this.#flags;
    const settings = settingsOf(this.#flags);
    const client = await connect(this.#url, { ...settings, timeout, signal: this.#signal });
    const leave = (): Promise<void> => client.disconnect({ timeout: GOODBYE });
    if (nodeId !== undefined && nodeId !== client.nodeId) {
      await leave();
      return this.#join(nodeId);
    }
    return { remote: client.remoteInspector({ timeout }), id: client.id, leave };
  }

  /** As a node of the moment: only nodes find others by their ids. */
  async #join(nodeId: string): Promise<Standpoint> {
    const { startNode } = await import('../../node.ts');
    const { timeout, realm } = this.#flags;
    const node = await startNode({
      ...settingsOf(this.#flags),
      listen: await listenFor(this.#url, realm),
      bootstrap: [this.#url],
      signal: this.#signal,
    });
    const leave = (): Promise<void> => node.close({ timeout: GOODBYE });
    try {
      await node.ready({ timeout, signal: this.#signal });
    } catch (error) {
      await leave();
      throw error;
    }
    return { remote: node.remoteInspector(nodeId, { timeout }), id: node.id, leave };
  }
}

function farInspection(url: string, { remote, id }: Standpoint): Inspection {
  const told = async <T>(asked: Promise<T>): Promise<T> => {
    try {
      return await asked;
    } catch (cause) {
      throw refusedTo(id, url, cause);
    }
  };
  return {
    url,
    grace: GRACE,
    get: (path) => told(answerTo(remote, path)),
    follow: (options) => told(follow(remote, options)),
  };
}

/** Whoever is refused has to tell the other side who it is. */
function refusedTo(id: string, url: string, cause: unknown): unknown {
  if (!(cause instanceof RpcError) || cause.failure.tag !== 'unauthorized') return cause;
  const { detail } = cause.failure;
  return new InspectError({ tag: 'unauthorized', url, id, detail }, { cause });
}

/** What the HTTP API has at that place. */
async function answerTo(remote: RemoteInspector, path: string): Promise<unknown> {
  const [, kind, name = ''] = /^\/api\/(actor|views)\/(.*)$/.exec(path) ?? [];
  if (kind === 'actor') return remote.actor(decodeURIComponent(name));
  if (kind === 'views') return { name, data: await remote.view(decodeURIComponent(name)) };
  switch (path) {
    case '/api/node':
      return remote.node();
    case '/api/crashes':
      return { crashes: await remote.crashes() };
    case '/api/tree': {
      const { node } = await remote.node();
      return { schema: 1, seq: 0, node, at: systemClock.wall(), rows: await remote.tree() };
    }
    default:
      return undefined;
  }
}

/** As the event stream tells it. */
async function follow(remote: RemoteInspector, { signal, interval, onEvent }: FollowOptions): Promise<void> {
  const { node } = await remote.node();
  const every = Math.min(interval, MOST_INTERVAL);
  for await (const delta of remote.observe({ interval: every, signal })) {
    for (const [name, data] of eventsOf(node, delta)) {
      if (signal.aborted) return;
      await onEvent({ name, data: JSON.stringify(data) });
    }
  }
}

function* eventsOf(node: string, { crashes, ...delta }: RemoteDelta): Generator<readonly [string, object]> {
  const { seq, at, reset, added, removed, changed } = delta;
  if (reset === true) yield ['snapshot', { schema: 1, seq, node, at, rows: added }];
  else if (added.length + removed.length + changed.length > 0) yield ['delta', delta];
  for (const crash of crashes) yield ['crash', crash];
}
