/**
 * Inspection through the mesh: other nodes look, and do nothing (SECURITY §11.9).
 *
 * Answers are JSON in a text, so that whatever is shown here is shown there; a tree comes in pages that fit into a call, all of one
 * look. Who asks again and again is told what has changed; who asks no more is forgotten after a while.
 */
import type { Clock, TimerId } from '../actor/clock.ts';
import type { ValueMap } from '../codec/value.ts';
import type { RemoteInspection } from '../mesh/context.ts';
import type { Crash } from '../mesh/events/crash-ring.ts';
import type { Delta } from './delta.ts';
import type { ActorRow } from './row.ts';
import type { InspectorSource } from './source.ts';
import type { Watch } from './watch.ts';

/** Bytes of an answer, about. A call carries 1 MiB unless its node says otherwise; this fits into the least it may say. */
const ANSWER = 262_144;
/** Questions at once, of all who ask: each of them waits for its answer before it asks for more. */
const AT_ONCE = 8;
/** Looks kept for those who come for their next page. */
const KEPT = 4;
/** Until who has not asked again is forgotten, milliseconds. */
const PATIENCE = 15_000;

export type RemoteQuestion =
  | { readonly what: 'node' | 'crashes' }
  /**
   * `from`: how many rows the asker has, of that `look`. `interval`: it will ask for changes, about every so many ms.
   */
  | { readonly what: 'tree'; readonly from?: number; readonly look?: number; readonly interval?: number }
  /** `crash`: id of the last one that the asker knows. */
  | {
      readonly what: 'changes';
      readonly seq: number;
      readonly interval: number;
      readonly crash?: string;
    }
  | { readonly what: 'actor' | 'view'; readonly name: string };

/** A part of a tree. */
export interface TreePage {
  readonly at: number;
  readonly seq: number;
  readonly look: number;
  readonly rows: readonly ActorRow[];
  /** There are more: ask from here. Absent: that was all. */
  readonly next?: number;
}

/** To a tree as it was; without `delta` nothing is new. */
export interface TreeChanges {
  readonly delta?: Delta;
  /** Newest first. */
  readonly crashes: readonly Crash[];
}

/** What was asked for is not known any more, or fits into no answer: ask for the tree. */
const GAP = { gap: true } as const;

export interface RemoteLooks extends RemoteInspection {
  /** Nobody looks any more. */
  close(): void;
}

export function remoteInspection(
  source: InspectorSource,
  allow: readonly string[],
  clock: Clock,
): RemoteLooks {
  const named = new Set(allow);
  const looks = new Looks(source.watch, clock);
  let open = 0;
  return {
    allows: (nodeId) => named.has(nodeId),
    answer: (question, reply) => {
      if (open >= AT_ONCE) {
        reply('overloaded');
        return;
      }
      open++;
      answerOf(source, looks, question)
        .then(
          (answer) => (answer === undefined ? ('nothing' as const) : { json: JSON.stringify(answer) }),
          () => 'nothing' as const,
        )
        .then((answer) => {
          open--;
          reply(answer);
        })
        // whoever asked is no reason to end anything here
        .catch(() => undefined);
    },
    close: () => looks.close(),
  };
}

async function answerOf(source: InspectorSource, looks: Looks, question: ValueMap): Promise<unknown> {
  const { facts, watch, views, crashes, details } = source;
  const { what, name = '' } = question;
  switch (what) {
    case 'node':
      return { ...facts, actions: false, views: Object.keys(views) };
    case 'tree':
      return looks.tree(question);
    case 'changes':
      return looks.changes(question, crashes);
    case 'crashes':
      return { crashes: fitting(await crashes()) };
    case 'actor': {
      if (typeof name !== 'string') return undefined;
      const actor = await details(name);
      return actor === undefined ? { gone: true } : { ...actor, crashes: fitting(actor.crashes) };
    }
    case 'view': {
      const view = typeof name === 'string' && Object.hasOwn(views, name) ? views[name] : undefined;
      return view === undefined ? undefined : { name, at: watch.now(), data: await view() };
    }
    default:
      return undefined;
  }
}

/** Looks that somebody has not seen to their end, and whether the tree is watched for anybody. */
class Looks {
  readonly #watch: Watch;
  readonly #clock: Clock;
  readonly #kept = new Map<number, Delta>();
  #last = 0;
  /** Ends the watch, which lasts as long as somebody asks. */
  #leave: (() => void) | undefined;
  #interval = Infinity;
  #timer: TimerId | undefined;

  constructor(watch: Watch, clock: Clock) {
    this.#watch = watch;
    this.#clock = clock;
  }

  async tree({ from = 0, look, interval }: ValueMap): Promise<TreePage | typeof GAP | undefined> {
    if (!isCount(from) || !(interval === undefined || isCount(interval))) return undefined;
    if (isCount(interval)) this.#stay(interval);
    if (from === 0) {
      const tree = await this.#watch.tree();
      return this.#page(++this.#last, tree, 0);
    }
    const tree = isCount(look) ? this.#kept.get(look) : undefined;
    return tree === undefined ? GAP : this.#page(look as number, tree, from);
  }

  async changes(
    { seq, interval, crash }: ValueMap,
    crashes: () => Promise<readonly Crash[]>,
  ): Promise<TreeChanges | typeof GAP | undefined> {
    if (!isCount(seq) || !isCount(interval)) return undefined;
    const known = this.#leave !== undefined;
    this.#stay(interval);
    const delta = known ? this.#watch.since(seq) : undefined;
    if (!known || delta?.reset === true || !fits(delta)) return GAP;
    const all = await crashes();
    const told = all.findIndex(({ id }) => id === crash);
    const news = fitting(told < 0 ? all : all.slice(0, told));
    return { ...(delta === undefined ? {} : { delta }), crashes: news };
  }

  close(): void {
    if (this.#timer !== undefined) this.#clock.clear(this.#timer);
    this.#timer = undefined;
    this.#leave?.();
    this.#leave = undefined;
    this.#interval = Infinity;
    this.#kept.clear();
  }

  #page(look: number, tree: Delta, from: number): TreePage {
    const { at, seq, added } = tree;
    const rows = fitting(added.slice(from));
    const next = from + rows.length;
    this.#kept.delete(look);
    if (next >= added.length) return { at, seq, look, rows };
    this.#kept.set(look, tree);
    for (const oldest of this.#kept.keys()) if (this.#kept.size > KEPT) this.#kept.delete(oldest);
    this.#wait();
    return { at, seq, look, rows, next };
  }

  /** As often as the most eager wants it. */
  #stay(interval: number): void {
    if (interval < this.#interval) {
      const leave = this.#leave;
      this.#interval = interval;
      // what is new waits in the watch until somebody asks
      this.#leave = this.#watch.subscribe(() => undefined, interval);
      leave?.();
    }
    this.#wait();
  }

  #wait(): void {
    if (this.#timer !== undefined) this.#clock.clear(this.#timer);
    this.#timer = this.#clock.setTimer(PATIENCE, () => this.close());
    this.#clock.hold(this.#timer, false);
  }
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** Whether a delta fits into an answer; one of very many rows is not even written. */
function fits(delta: Delta | undefined): boolean {
  if (delta === undefined) return true;
  let bytes = 0;
  for (const list of [delta.removed, delta.added, delta.changed])
    for (const item of list) if ((bytes += bytesOf(item)) > ANSWER) return false;
  return true;
}

/** The first ones that fit into an answer, one at least. */
function fitting<Item>(items: readonly Item[]): readonly Item[] {
  let bytes = 0;
  const end = items.findIndex((item, at) => {
    bytes += bytesOf(item);
    return bytes > ANSWER && at > 0;
  });
  return end < 0 ? items : items.slice(0, end);
}
