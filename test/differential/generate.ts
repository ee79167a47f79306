/**
 * Random scripts by seed. The same seed gives the same script.
 *
 * What is left out, because the answer would depend on real time or on chance: gaps near the edge of the period
 * (OTP counts whole seconds), stubborn children that nobody kills, orphans that were unlinked. And what OTP 25 does
 * wrong: a child of a template that says `ignore` at its restart stays as a child without a pid, and the supervisor
 * crashes when it is stopped.
 */
import { seededRandom, type Random } from '../../src/actor/random.ts';
import {
  draw,
  dynamicScript,
  MADE,
  nestedScript,
  outcomes,
  pick,
  reason,
  some,
  treeScript,
  workerScript,
  type Kind,
} from './generate-tree.ts';
import {
  SHORT_PERIOD,
  type ChildScript,
  type Ending,
  type Op,
  type Outcome,
  type Request,
  type Script,
  type TreeScript,
} from './script.ts';

/** Who can be spoken of. */
interface Names {
  readonly trees: string[];
  /** Worker → ids of the supervisors it may be below. */
  readonly workers: Map<string, string>;
  /** Children of each supervisor, and ids that it does not have. */
  readonly below: Map<string, string[]>;
  /** Supervisors with a template. */
  readonly dynamic: Set<string>;
}

function enterTree(names: Names, id: string, tree: TreeScript): void {
  if (!names.trees.includes(id)) names.trees.push(id);
  if (tree.strategy !== 'simpleOneForOne') {
    for (const each of tree.children) enter(names, id, each);
    return;
  }
  names.dynamic.add(id);
  const made = MADE.map((n) => `${id === 'root' ? '' : id.slice(0, -1)}${n}`);
  names.below.set(id, made);
  for (const each of made) names.workers.set(each, id);
}

function enter(names: Names, tree: string, child: ChildScript): void {
  const { id } = child;
  const siblings = names.below.get(tree) ?? [];
  if (!siblings.includes(id)) names.below.set(tree, [...siblings, id]);
  if (child.tree === undefined) names.workers.set(id, tree);
  else enterTree(names, id, child.tree);
}

function requestOf(random: Random, kind: Kind, names: Names, tree: string, looks: number): Request {
  const known = names.below.get(tree) ?? [];
  if (names.dynamic.has(tree)) {
    const tag = draw<'spawn' | 'dismiss' | 'terminate' | 'restart' | 'delete' | 'which' | 'count'>(
      random,
      ['spawn', 12],
      ['dismiss', 6],
      // its children have no ids: refused
      ['terminate', 1],
      ['restart', 1],
      ['delete', 1],
      ['which', 2 * looks],
      ['count', 2 * looks],
    );
    return tag === 'which' || tag === 'count' ? [tag, tree] : [tag, tree, pick(random, known)];
  }
  const tag = draw<'start' | 'terminate' | 'restart' | 'delete' | 'which' | 'count'>(
    random,
    ['start', 4],
    ['terminate', 5],
    ['restart', 4],
    ['delete', 3],
    ['which', looks],
    ['count', looks],
  );
  if (tag === 'which' || tag === 'count') return [tag, tree];
  const prefix = tree === 'root' ? '' : tree.slice(0, -1);
  if (tag !== 'start')
    return [tag, tree, random.float() < 0.95 && known.length > 0 ? pick(random, known) : 'nobody'];
  // an id that is taken, or was, or a new one
  const workers = known.filter((id) => names.workers.get(id) === tree);
  const id =
    random.float() < 0.5 && workers.length > 0
      ? pick(random, workers)
      : `${prefix}${pick(random, ['x', 'y', 'z'])}`;
  const fresh =
    kind.nested && tree === 'root' && random.float() < 0.15
      ? nestedScript(random, kind, pick(random, ['x', 'y']), false, 1)
      : workerScript(random, id, kind, true);
  enter(names, tree, fresh);
  return ['start', tree, fresh];
}

function endingOf(random: Random, worker: string): Ending {
  if (random.float() < 0.6) return ['crash', worker, reason(random)];
  return [
    'signal',
    worker,
    draw(random, ['kill', 5], ['boom', 2], ['shutdown', 2], ['shutdown:x', 1], ['normal', 1]),
  ];
}

function during(random: Random, kind: Kind, names: Names, worker: string): Op {
  const tree = names.workers.get(worker) as string;
  const siblings = (names.below.get(tree) as string[]).filter((id) => names.workers.has(id) && id !== worker);
  const items = Array.from({ length: some(random, 1, 4) }, (): Request | Ending => {
    if (siblings.length > 0 && random.float() < 0.3) {
      return random.float() < 0.5
        ? ['crash', pick(random, siblings), reason(random)]
        : ['signal', pick(random, siblings), 'kill'];
    }
    const request = requestOf(random, kind, names, tree, 3);
    // most often the one that waits is spoken of
    if (
      (request[0] === 'terminate' || request[0] === 'restart' || request[0] === 'delete') &&
      random.float() < 0.5
    )
      return [request[0], tree, worker];
    return request;
  });
  const ignores = !names.dynamic.has(tree);
  const first = draw<Outcome>(random, ['error', 6], ['crash', 1], ['ignore', ignores ? 1 : 0], ['ok', 3]);
  return [
    'during',
    worker,
    random.float() < 0.8 ? 'boom' : reason(random),
    [first, ...outcomes(random, 2, ignores)],
    names.dynamic.has(tree) ? comparable(worker, items) : items,
  ];
}

/** OTP 25 counts one active child less, for good, after stopping one that is being restarted. */
function comparable(worker: string, items: readonly (Request | Ending)[]): readonly (Request | Ending)[] {
  const ended = new Set<unknown>([worker]);
  for (const [tag, id] of items) if (tag === 'crash' || tag === 'signal') ended.add(id);
  return items.filter(([tag, , id]) => tag !== 'dismiss' || !ended.has(id));
}

const planOf = (random: Random, names: Names, worker: string, most: number): Op => [
  'plan',
  worker,
  outcomes(random, most, !names.dynamic.has(names.workers.get(worker) as string)),
];

function opOf(random: Random, kind: Kind, names: Names): Op {
  const workers = [...names.workers.keys()];
  // what a dynamic supervisor says of one that left and died is not compared
  const leavers = workers.filter((id) => !names.dynamic.has(names.workers.get(id) as string));
  const what = draw<'ending' | 'request' | 'plan' | 'during' | 'unlink' | 'kill_tree'>(
    random,
    ['ending', workers.length === 0 ? 0 : 10],
    ['request', 8],
    ['plan', workers.length === 0 ? 0 : 3],
    ['during', workers.length === 0 ? 0 : 3],
    ['unlink', kind.unlinks && leavers.length > 0 ? 0.5 : 0],
    ['kill_tree', kind.unlinks || names.trees.length < 2 ? 0 : 1],
  );
  switch (what) {
    case 'ending':
      return endingOf(random, pick(random, workers));
    case 'plan':
      return planOf(random, names, pick(random, workers), 3);
    case 'during':
      return during(random, kind, names, pick(random, workers));
    case 'unlink':
      return ['unlink', pick(random, leavers)];
    case 'kill_tree':
      return ['kill_tree', pick(random, names.trees)];
    case 'request':
      return requestOf(random, kind, names, random.float() < 0.7 ? 'root' : pick(random, names.trees), 0);
  }
}

/** The script of a seed. */
export function generate(seed: number): Script {
  const random = seededRandom(`differential ${seed}`);
  const pauses = random.float() < 0.1 ? some(random, 1, 2) : 0;
  const kind: Kind = {
    period: pauses > 0 ? SHORT_PERIOD : undefined,
    nested: random.float() < 0.4,
    dynamic: random.float() < 0.35,
    auto: random.float() < 0.25,
    unlinks: random.float() < 0.5,
  };
  const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].slice(
    0,
    some(random, 1, draw(random, [5, 5], [8, 1])),
  );
  const rooted = kind.dynamic && !kind.nested;
  const tree = rooted ? dynamicScript(random, kind, '') : treeScript(random, kind, ids, 0);
  const names: Names = {
    trees: [],
    workers: new Map(),
    below: new Map(),
    dynamic: new Set(),
  };
  enterTree(names, 'root', tree);
  const ops: Op[] = [];
  // a start that fails leaves nothing to do: rare
  if (random.float() < 0.08 && names.workers.size > 0)
    ops.push(planOf(random, names, pick(random, [...names.workers.keys()]), 1));
  for (const id of names.dynamic)
    for (const child of names.below.get(id) as string[])
      if (random.float() < 0.6) ops.push(['spawn', id, child]);
  const length = ops.length + (random.float() < 0.85 ? some(random, 5, 16) : some(random, 17, 40));
  while (ops.length < length) {
    const op = opOf(random, kind, names);
    // plans at the beginning hold for the start of the tree
    if (op[0] !== 'plan' || ops.some(([tag]) => tag !== 'plan')) ops.push(op);
  }
  for (let n = 0; n < pauses; n++) ops.splice(some(random, 2, ops.length), 0, ['pause']);
  return { seed, tree, ops };
}
