/**
 * Looks at the node that a client is connected to, through the mesh: for those whose id that node has named in `inspector.allow`.
 */
import type { Value, ValueMap } from '../codec/value.ts';
import { RpcError } from '../mesh/errors/rpc-error.ts';
import type { Crash } from '../mesh/events/crash-ring.ts';
import type { ActorDetails } from './details.ts';
import type { RemoteQuestion } from './remote.ts';
import type { ActorRow } from './row.ts';
import type { NodeFacts } from './source.ts';

/** Asks one question; rejects with `RpcError`. */
export type AskRemote = (question: ValueMap) => Promise<Value>;

/** Rows of one tree at most: a node that never comes to an end is not believed. */
const MOST_ROWS = 1_000_000;

/**
 * What an inspector shows, from afar. All reject with `RpcError`: `unauthorized` where the node has not named the asker,
 * `protocol_error` for an answer that makes no sense, and as calls do. What comes is checked in its outline only: the rest of it is
 * the other node's word.
 */
export class RemoteInspector {
  readonly #ask: AskRemote;

  constructor(ask: AskRemote) {
    this.#ask = ask;
  }

  async node(): Promise<NodeFacts & { readonly views: readonly string[] }> {
    return checked(await this.#json({ what: 'node' }), 'views', Array.isArray);
  }

  /** All actors, parents before their children. */
  async tree(): Promise<readonly ActorRow[]> {
    const rows: ActorRow[] = [];
    for (let from: unknown = 0; typeof from === 'number';) {
      const page = await this.#json({ what: 'tree', from });
      const more = checked<{ rows: readonly ActorRow[]; next?: unknown }>(page, 'rows', isRows);
      for (const row of more.rows) rows.push(row);
      const { next } = more;
      if (next !== undefined && (next !== rows.length || rows.length > MOST_ROWS)) throw strange();
      from = next;
    }
    return rows;
  }

  /** Newest first. */
  async crashes(): Promise<readonly Crash[]> {
    return checked<{ crashes: readonly Crash[] }>(
      await this.#json({ what: 'crashes' }),
      'crashes',
      Array.isArray,
    ).crashes;
  }

  /** Undefined: it lives no more. */
  async actor(id: string): Promise<ActorDetails | undefined> {
    const details = await this.#json({ what: 'actor', name: id });
    return (details as { gone?: unknown }).gone === true ? undefined : checked(details, 'row', isObject);
  }

  /** As of `/api/views/NAME`. */
  async view(name: string): Promise<unknown> {
    return checked<{ data: unknown }>(await this.#json({ what: 'view', name }), 'data', () => true).data;
  }

  async #json(question: RemoteQuestion): Promise<object> {
    const answer = await this.#ask(question);
    const text = isObject(answer) ? (answer as { json?: unknown }).json : undefined;
    if (typeof text !== 'string') throw strange();
    try {
      const value: unknown = JSON.parse(text);
      if (isObject(value)) return value;
    } catch {
      // as below
    }
    throw strange();
  }
}

function checked<Answer>(answer: object, field: string, accepts: (value: unknown) => boolean): Answer {
  if (Object.hasOwn(answer, field) && accepts((answer as Record<string, unknown>)[field]))
    return answer as Answer;
  throw strange();
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Each page has something in it: else it would never end. */
const isRows = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((row) => isObject(row) && typeof (row as { id?: unknown }).id === 'string');

const strange = (): RpcError =>
  new RpcError({ tag: 'protocol_error', detail: 'the node answered with something else' });
