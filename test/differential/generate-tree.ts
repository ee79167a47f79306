/**
 * Random trees: which supervisors, with which children.
 */
import type { Random } from '../../src/actor/random.ts';
import type { ChildScript, Outcome, StopStyle, TreeScript } from './script.ts';

/** What a script may contain, drawn once for all of it. */
export interface Kind {
  readonly period: number | undefined;
  readonly nested: boolean;
  readonly dynamic: boolean;
  readonly auto: boolean;
  /** Either children that leave their supervisor's link, or supervisors that are killed. */
  readonly unlinks: boolean;
}

/** Draws by weight: `['a', 3], ['b', 1]`. */
export function draw<T>(random: Random, ...choices: readonly (readonly [T, number])[]): T {
  let left = random.float() * choices.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [value, weight] of choices) {
    left -= weight;
    if (left < 0) return value;
  }
  return (choices.at(-1) as readonly [T, number])[0];
}

export const pick = <T>(random: Random, from: readonly T[]): T => from[random.u32() % from.length] as T;
export const some = (random: Random, least: number, most: number): number =>
  least + (random.u32() % (most - least + 1));

/** What a worker ends with by itself. */
export type SelfReason = 'normal' | 'shutdown' | 'shutdown:x' | 'boom';

export const reason = (random: Random): SelfReason =>
  draw<SelfReason>(random, ['boom', 6], ['normal', 2], ['shutdown', 2], ['shutdown:x', 1]);

export const outcomes = (random: Random, most: number, ignores = true): Outcome[] =>
  Array.from({ length: some(random, 1, most) }, () =>
    draw<Outcome>(random, ['error', 4], ['crash', 2], ['ignore', ignores ? 2 : 0], ['ok', 2]),
  );

export function workerScript(random: Random, id: string, kind: Kind, mayBeSignificant: boolean): ChildScript {
  const restart = draw<ChildScript['restart']>(
    random,
    [undefined, 5],
    ['transient', kind.auto ? 5 : 3],
    ['temporary', kind.auto ? 4 : 2],
  );
  const stop = draw<StopStyle | undefined>(
    random,
    [undefined, 6],
    ['obey', 4],
    ['linger', 1],
    ['stubborn', kind.unlinks ? 1 : 0],
    [reason(random), 2],
  );
  const shutdown = draw<ChildScript['shutdown']>(
    random,
    [undefined, stop === 'stubborn' ? 0 : 5],
    ['brutal', 2],
    ['infinity', stop === 'stubborn' ? 0 : 2],
    [20, stop === 'stubborn' ? 3 : 0],
  );
  const significant = kind.auto && mayBeSignificant && restart !== undefined && random.float() < 0.6;
  return {
    id,
    ...(restart === undefined ? {} : { restart }),
    ...(shutdown === undefined ? {} : { shutdown }),
    ...(stop === undefined ? {} : { stop }),
    ...(significant ? { significant } : {}),
  };
}

export function treeScript(random: Random, kind: Kind, ids: readonly string[], depth: number): TreeScript {
  const strategy = draw<TreeScript['strategy']>(
    random,
    ['oneForOne', 1],
    ['oneForAll', 1],
    ['restForOne', 1],
  );
  const intensity = draw(random, [0, 1], [1, 2], [2, 3], [3, 3], [5, 4], [10, 4]);
  const auto = kind.auto
    ? draw<TreeScript['auto']>(random, [undefined, 1], ['anySignificant', 3], ['allSignificant', 4])
    : undefined;
  const children = ids.map((id): ChildScript => {
    if (depth < 2 && kind.nested && random.float() < 0.35) {
      return nestedScript(random, kind, id, auto !== undefined, depth);
    }
    return workerScript(random, id, kind, auto !== undefined);
  });
  return {
    strategy,
    intensity,
    ...(kind.period === undefined ? {} : { period: kind.period }),
    ...(auto === undefined ? {} : { auto }),
    children,
  };
}

/** Children of `idD`: they are started later, under ids that end in a number. */
export function dynamicScript(random: Random, kind: Kind, id: string): TreeScript {
  const { children: _, strategy: __, ...limits } = treeScript(random, { ...kind, nested: false }, [], 0);
  const template = workerScript(random, `${id}T`, kind, limits.auto !== undefined);
  return { strategy: 'simpleOneForOne', ...limits, children: [template] };
}

/** What the children of a template are called: the supervisor's letters, and one of these. */
export const MADE: readonly number[] = [1, 2, 3, 4];

/** The supervisor `s` in the place of `s`'s worker has children `sa`, `sb`, …; workers' ids never end in a capital letter. */
export function nestedScript(
  random: Random,
  kind: Kind,
  id: string,
  mayBeSignificant: boolean,
  depth: number,
): ChildScript {
  const dynamic = kind.dynamic && random.float() < 0.6;
  const name = `${id}${dynamic ? 'D' : 'S'}`;
  const { stop: _, shutdown: __, ...base } = workerScript(random, name, kind, mayBeSignificant);
  if (dynamic) return { ...base, tree: dynamicScript(random, kind, id) };
  const below = ['a', 'b', 'c'].slice(0, some(random, 0, 3)).map((last) => `${id}${last}`);
  return { ...base, tree: treeScript(random, kind, below, depth + 1) };
}
