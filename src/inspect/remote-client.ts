/**
 * Looks at another node through the mesh: for those whose id that node has named in `inspector.allow`.
 */
import { systemClock, type Clock } from '../actor/clock.ts';
import type { Value, ValueMap } from '../codec/value.ts';
import { RpcError } from '../mesh/errors/rpc-error.ts';
import type { Crash } from '../mesh/events/crash-ring.ts';
import type { Delta } from './delta.ts';
import type { ActorDetails } from './details.ts';
import type { RemoteQuestion, TreeChanges, TreePage } from './remote.ts';
import type { ActorRow } from './row.ts';
import type { NodeFacts } from './source.ts';
import { INTERVAL } from './watch.ts';

/** Asks one question, until the signal; rejects with `RpcError`. */
export type AskRemote = (question: ValueMap, signal?: AbortSignal) => Promise<Value>;

export interface RemoteObserveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds between two questions, 100 to 10,000. Default 1,000. */
  readonly interval?: number | undefined;
}

/** What is new at that node: all of it with `reset`, and nothing of the tree where only somebody has crashed. */
export interface RemoteDelta extends Delta {
  /** Since the one before, oldest first; none in the first. */
  readonly crashes: readonly Crash[];
}

/** Rows and characters of one tree at most: a node that never comes to an end is not believed. */
const MOST_ROWS = 1_000_000;
const MOST_TEXT = 536_870_912;
/** Trees begun anew because the node did not know the look any more. */
const TRIES = 3;
/** Between two questions, milliseconds: a node forgets who asks less often. */
const MOST_INTERVAL = 10_000;

/**
 * What an inspector shows, from afar. All reject with `RpcError`: `unauthorized` where the node has not named the asker,
 * `protocol_error` for an answer that makes no sense, and as calls do. What comes is checked in its outline only: the rest of it is
 * the other node's word.
 */
export class RemoteInspector {
  readonly #ask: AskRemote;
  readonly #clock: Clock;

  constructor(ask: AskRemote, clock: Clock = systemClock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  async node(): Promise<NodeFacts & { readonly views: readonly string[] }> {
    return checked(await this.#json({ what: 'node' }), 'views', Array.isArray);
  }

  /** All actors, parents before their children. */
  async tree(): Promise<readonly ActorRow[]> {
    return (await this.#tree(undefined, undefined)).added;
  }

  /**
   * The tree as it changes: all of it first, then what is new. Ends with the signal. Throws `TypeError` for wrong options, and
   * `RpcError` as soon as a question fails.
   */
  observe(options: RemoteObserveOptions = {}): AsyncIterableIterator<RemoteDelta> {
    const { signal, interval = INTERVAL.usual } = options;
    if (typeof interval !== 'number' || !(interval >= INTERVAL.least && interval <= MOST_INTERVAL))
      throw new TypeError(`interval must be a number of ms from ${INTERVAL.least} to ${MOST_INTERVAL}`);
    if (signal !== undefined && !(signal instanceof AbortSignal))
      throw new TypeError('signal must be an AbortSignal');
    return this.#observe(Math.round(interval), signal);
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

  async *#observe(interval: number, signal: AbortSignal | undefined): AsyncGenerator<RemoteDelta, undefined> {
    const over = (): boolean => signal?.aborted === true;
    try {
      let crash = (await this.crashes())[0]?.id;
      for (let delta: Delta | undefined; !over();) {
        if (delta === undefined) {
          delta = await this.#tree(interval, signal);
          yield { ...delta, crashes: [] };
        }
        await this.#pause(interval, signal);
        if (over()) break;
        const { seq, at }: Delta = delta;
        const known = crash === undefined ? {} : { crash };
        const changes = await this.#changes({ what: 'changes', seq, interval, ...known }, signal);
        delta = changes === undefined ? undefined : (changes.delta ?? delta);
        if (changes === undefined || (changes.delta === undefined && changes.crashes.length === 0)) continue;
        crash = changes.crashes[0]?.id ?? crash;
        const nothing: Delta = { seq, at, added: [], removed: [], changed: [] };
        yield { ...(changes.delta ?? nothing), crashes: changes.crashes.toReversed() };
      }
    } catch (error) {
      if (!over()) throw error;
    }
    return undefined;
  }

  /** All pages of one look. */
  async #tree(interval: number | undefined, signal: AbortSignal | undefined): Promise<Delta> {
    const stay = interval === undefined ? {} : { interval };
    const rows: ActorRow[] = [];
    let look = 0;
    let length = 0;
    for (let tries = 0; tries < TRIES;) {
      const known = rows.length === 0 ? {} : { from: rows.length, look };
      const text = await this.#text({ what: 'tree', ...known, ...stay }, signal);
      const answer = parsed(text);
      length += text.length;
      if (isGap(answer)) {
        rows.length = 0;
        tries++;
        continue;
      }
      const page = checked<TreePage>(answer, 'rows', isRows);
      for (const row of page.rows) rows.push(row);
      const { next, seq, at } = page;
      ({ look } = page);
      if (next === undefined) return { seq, at, reset: true, added: rows, removed: [], changed: [] };
      if (next !== rows.length || rows.length > MOST_ROWS || length > MOST_TEXT) throw strange();
    }
    throw strange();
  }

  /** Undefined: only the tree helps. */
  async #changes(
    question: RemoteQuestion,
    signal: AbortSignal | undefined,
  ): Promise<TreeChanges | undefined> {
    const answer = await this.#json(question, signal);
    if (isGap(answer)) return undefined;
    const { delta } = checked<TreeChanges>(answer, 'crashes', Array.isArray);
    if (delta !== undefined && !isDelta(delta)) throw strange();
    return answer as TreeChanges;
  }

  async #json(question: RemoteQuestion, signal?: AbortSignal): Promise<object> {
    return parsed(await this.#text(question, signal));
  }

  async #text(question: RemoteQuestion, signal?: AbortSignal): Promise<string> {
    const answer = await this.#ask(question, signal);
    const text = isObject(answer) ? (answer as { json?: unknown }).json : undefined;
    if (typeof text !== 'string') throw strange();
    return text;
  }

  /** Ends with the signal, at once. */
  #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#clock.clear(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = this.#clock.setTimer(ms, end);
      signal?.addEventListener('abort', end);
      if (signal?.aborted === true) end();
    });
  }
}

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // as below
  }
  throw strange();
}

function checked<Answer>(answer: object, field: string, accepts: (value: unknown) => boolean): Answer {
  if (Object.hasOwn(answer, field) && accepts((answer as Record<string, unknown>)[field]))
    return answer as Answer;
  throw strange();
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const isGap = (answer: object): boolean => (answer as { gap?: unknown }).gap === true;

/** Each page has something in it: else it would never end. */
const isRows = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(hasId);

const hasId = (row: unknown): boolean => isObject(row) && typeof (row as { id?: unknown }).id === 'string';

function isDelta(value: unknown): boolean {
  const { seq, added, removed, changed } = value as Partial<Record<keyof Delta, unknown>>;
  const lists = [added, removed, changed];
  return (
    typeof seq === 'number' &&
    lists.every(Array.isArray) &&
    [...(added as unknown[]), ...(changed as unknown[])].every(hasId)
  );
}

const strange = (): RpcError =>
  new RpcError({ tag: 'protocol_error', detail: 'the node answered with something else' });
