/**
 * The kill table, for any transport: a node, a client that provides and calls, and one that only calls, all under
 * load; one actor is killed; within a second everything works again, and only calls in the killed part failed.
 */
import { expect } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import { forget } from './forget.ts';
import { server } from '../../src/index.ts';
import type { Client } from '../../src/mesh/client/client.ts';
import type { Node, RemoteClient } from '../../src/node.ts';
import { reply } from '../../src/otp/result.ts';
import type { GenServer } from '../../src/otp/gen-server.ts';
import { worker } from '../../src/otp/supervisor.ts';
import type { ChildSpec } from '../../src/otp/child-spec.ts';
import { contextOf, left, processesOf, runtimeOf } from '../mesh-world.ts';

/** What the table needs of the world it runs in. */
export interface Stage {
  readonly node: Node;
  /** Serves and calls. */
  readonly client: RemoteClient;
  /** Calls only. */
  readonly other: RemoteClient;
  now(): number;
  /** Lets so many milliseconds pass, and everything happen in them. */
  pass(ms: number): Promise<void>;
  /** Resolves after so many milliseconds, while somebody lets time pass. */
  sleep(ms: number): Promise<void>;
  /** Waits for a promise, letting time pass. */
  settle<T>(promise: Promise<T>): Promise<T>;
}

export type Side = 'node' | 'client';

const mine: GenServer<undefined, null> = { label: 'mine', init: () => null };
/** The user's own child, below `app`. */
export const children: readonly ChildSpec[] = [worker('mine', mine, undefined)];

const counter: GenServer<undefined, null, { served(): string }> = {
  label: 'server',
  init: () => null,
  handleCall: { served: (_args, state) => reply('served', state) },
};

/** Long calls that run: started and aborted. */
export interface Long {
  started: number;
  aborted: number;
}

export type CallKind =
  | 'nodeLocal'
  | 'nodeServer'
  | 'nodeToClient'
  | 'clientToNode'
  | 'clientLocal'
  | 'clientServer'
  | 'otherToNode'
  | 'otherToClient'
  | 'cancel';

/** Every kind of call the load makes: who asks → where it is served. */
export const KINDS: Readonly<Record<CallKind, readonly ['node' | 'client' | 'other', string]>> = {
  nodeLocal: ['node', 'node.echo'],
  nodeServer: ['node', 'node.served'],
  nodeToClient: ['node', 'client.echo'],
  clientToNode: ['client', 'node.echo'],
  clientLocal: ['client', 'client.echo'],
  clientServer: ['client', 'client.served'],
  otherToNode: ['other', 'node.echo'],
  otherToClient: ['other', 'client.echo'],
  cancel: ['client', 'node.long'],
};

/** Which calls may fail when an actor is killed, and how. Everything else must succeed. */
export type Allowed = Partial<Record<CallKind, readonly string[]>>;

/** Advertises what the load calls. One long call runs on each side for ever. */
export async function prepare(stage: Stage): Promise<Long> {
  const long: Long = { started: 0, aborted: 0 };
  const wait = (_args: unknown, { signal }: { readonly signal: AbortSignal }): Promise<never> => {
    long.started++;
    signal.addEventListener('abort', () => long.aborted++);
    return new Promise(() => {});
  };
  const { node, client } = stage;
  await stage.settle(node.advertise('node.echo', () => 'node'));
  await stage.settle(node.advertise('node.long', wait));
  await stage.settle(node.advertise('node.served', server(worker('server', counter, undefined))));
  await stage.settle(client.advertise('client.echo', () => 'client'));
  await stage.settle(client.advertise('client.long', wait));
  await stage.settle(client.advertise('client.served', server(worker('server', counter, undefined))));
  // an invocation to be killed on either side
  forget(client.tryCall('node.long', {}, { timeout: 600_000 }));
  forget(node.tryCall('client.long', {}, { timeout: 600_000 }));
  await stage.pass(50);
  return long;
}

/** Where an actor stands, the same in every run: labels from the root on, numbered among their like. */
export function placesOf(client: Client): Map<string, Process> {
  const places = new Map<string, Process>();
  const visit = (process: Process, at: string): void => {
    places.set(at, process);
    const seen = new Map<string, number>();
    for (const child of childrenOf(process)) {
      const name = child.label.replace(/ (from|to) .*$/, '').replace(/:[0-9a-f]+$/, '');
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      visit(child, `${at}/${name}${count === 1 ? '' : ` ${count}`}`);
    }
  };
  const root = processesOf(client)[0];
  if (root !== undefined) visit(root, root.label);
  return places;
}

/** All rows: every actor of a tree but its root. */
export const rowsOf = (client: Client): string[] =>
  [...placesOf(client).keys()].filter((place) => place.includes('/')).toSorted();

interface Outcome {
  readonly kind: CallKind;
  readonly at: number;
  readonly tag: string;
}

/** Calls of every kind, all the time. */
class Load {
  readonly outcomes: Outcome[] = [];
  pending = 0;
  readonly #stage: Stage;
  #ticks = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  tick(): void {
    this.#ticks++;
    for (const kind of Object.keys(KINDS) as CallKind[]) {
      if (kind === 'cancel' && this.#ticks % 5 !== 0) continue;
      this.#call(kind);
    }
  }

  #call(kind: CallKind): void {
    const [from, procedure] = KINDS[kind];
    const abort = new AbortController();
    const at = this.#stage.now();
    this.pending++;
    const settled = this.#stage[from].tryCall(procedure, {}, { timeout: 5_000, signal: abort.signal });
    forget(
      settled.then((result) => {
        this.pending--;
        const tag = result.ok ? 'ok' : result.error.failure.tag;
        this.outcomes.push({ kind, at, tag: kind === 'cancel' && tag === 'canceled' ? 'ok' : tag });
      }),
    );
    if (kind === 'cancel') forget(this.#stage.sleep(20).then(() => abort.abort()));
  }
}

/** Everything a user wants of the two, until it works; each try is short. */
async function recovered(stage: Stage, side: Side, long: Long): Promise<void> {
  const { node, client, other } = stage;
  const until = async (works: () => Promise<boolean>): Promise<void> => {
    while (!(await works().catch(() => false))) await stage.sleep(10);
  };
  const answers = (caller: Client, procedure: string) => async (): Promise<boolean> =>
    (await caller.tryCall(procedure, {}, { timeout: 300 })).ok;
  const owner = side === 'node' ? node : client;
  const cancels = async (): Promise<boolean> => {
    const abort = new AbortController();
    const { started, aborted } = long;
    const call = client.tryCall('node.long', {}, { timeout: 300, signal: abort.signal });
    for (let n = 0; n < 20 && long.started === started; n++) await stage.sleep(5);
    abort.abort();
    await call;
    for (let n = 0; n < 20 && long.aborted === aborted; n++) await stage.sleep(5);
    return long.aborted > aborted;
  };
  await Promise.all([
    until(async () => {
      await owner.advertise('fresh.one', () => 'fresh');
      return true;
    }).then(() => Promise.all([node, client, other].map((caller) => until(answers(caller, 'fresh.one'))))),
    ...Object.values(KINDS)
      .filter(([, procedure]) => procedure !== 'node.long')
      .map(([from, procedure]) => until(answers(stage[from], procedure))),
    until(cancels),
  ]);
}

/** Which calls of which kind failed how, begun from when to when after the kill. */
function told(outcomes: readonly Outcome[], at: number, took: number): string[] {
  const groups = new Map<string, number[]>();
  for (const { kind, tag, at: begun } of outcomes) {
    const times = groups.get(`${kind} ${tag}`) ?? [];
    times.push(Math.round(begun - at));
    groups.set(`${kind} ${tag}`, times);
  }
  return [...groups].map(
    ([name, times]) => `${name}: ${times.length} begun at ${times[0]} to ${times.at(-1)} (works at ${took})`,
  );
}

/** What the strategies say is another process afterwards: place → must be replaced. */
function drawn(places: Map<string, Process>, killed: string): Set<string> {
  const replaced = new Set<string>();
  const process = places.get(killed);
  const parent = process?.parentProcess;
  if (process === undefined || parent === undefined || parent === null) return replaced;
  const inspected = parent.behavior.inspect?.(parent) as { readonly strategy?: string } | undefined;
  const strategy = inspected?.strategy;
  const siblings = [...childrenOf(parent)];
  const gone = strategy === 'restForOne' ? siblings.slice(siblings.indexOf(process)) : [process];
  for (const [place, one] of places) {
    for (let at: Process | null | undefined = one; at !== null && at !== undefined; at = at.parentProcess) {
      if (gone.includes(at)) replaced.add(place);
    }
  }
  return replaced;
}

const restartsOf = (supervisor: Process | null | undefined): number =>
  supervisor === null || supervisor === undefined || !supervisor.alive
    ? 0
    : ((supervisor.behavior.inspect?.(supervisor) as { recent?: readonly number[] })?.recent?.length ?? 0);

/** Come and go by themselves: connections are dialed again, invocations end with their calls. */
const passing = (place: string): boolean => /\/connection( \d+)?$|\/Invocation( \d+)?$/.test(place);

export interface Row {
  readonly side: Side;
  readonly place: string;
  readonly allowed: Allowed;
  /** Milliseconds until everything must work again. */
  readonly within: number;
}

/** Runs one row; gives how long it took, ms. */
export async function killed(stage: Stage, { side, place, allowed, within }: Row): Promise<number> {
  const long = await prepare(stage);
  const owner = stage[side];
  const load = new Load(stage);
  const drive = async (until: () => boolean): Promise<void> => {
    while (!until()) {
      load.tick();
      await stage.pass(10);
    }
  };
  const warm = stage.now() + 100;
  await drive(() => stage.now() >= warm);
  expect(load.outcomes.filter(({ tag }) => tag !== 'ok')).toEqual([]);

  const before = placesOf(owner);
  const victim = before.get(place);
  if (victim === undefined) throw new Error(`no actor at ${place}`);
  const expected = drawn(before, place);
  const supervisor = victim.parentProcess;
  const counted = restartsOf(supervisor);
  const at = stage.now();
  runtimeOf(owner).exit(victim, 'kill');
  let over = Infinity;
  forget(
    recovered(stage, side, long).then(() => {
      over = stage.now();
    }),
  );
  await drive(() => over !== Infinity || stage.now() - at > within + 4_000);
  const took = over - at;
  const later = stage.now() + 100;
  await drive(() => stage.now() >= later);
  for (let n = 0; n < 600 && load.pending > 0; n++) await stage.pass(10);

  // no call failed but those in the killed part, and each with a type
  const failed = load.outcomes.filter(({ tag }) => tag !== 'ok');
  const wrong = failed.filter(
    ({ kind, tag, at: begun }) => allowed[kind]?.includes(tag) !== true || begun >= over,
  );
  expect(told(wrong, at, took)).toEqual([]);
  expect(load.pending).toBe(0);
  expect(took).toBeLessThanOrEqual(within);

  // the tree is as drawn, and what is replaced is what the strategies say
  const fresh = ({ info }: Process): boolean => info?.id === 'fresh.one';
  const after = new Map(
    [...placesOf(owner)].filter(([name, one]) => !name.includes('fresh.') && !fresh(one)),
  );
  const lasting = (places: Map<string, Process>): string[] =>
    [...places.keys()].filter((name) => !passing(name)).toSorted();
  expect(lasting(after)).toEqual(lasting(before));
  const replaced = lasting(before).filter((name) => after.get(name) !== before.get(name));
  expect(replaced).toEqual([...expected].filter((name) => !passing(name)).toSorted());
  expect(restartsOf(supervisor) - counted).toBe(passing(place) ? 0 : 1);
  // and no connection is left over
  expect(connectionsOf(stage.node)).toBe(2);
  expect(connectionsOf(stage.client)).toBe(1);
  expect(connectionsOf(stage.other)).toBe(1);
  return took;
}

const connectionsOf = (client: Client): number =>
  [...placesOf(client).keys()].filter((place) => /\/connection( \d+)?$/.test(place)).length;

/** Closes everything; nothing may be left. */
export async function closed(stage: Stage): Promise<void> {
  const { node, client, other } = stage;
  for (const one of [other, client, node]) await stage.settle(one.disconnect({ timeout: 100 }));
  for (const one of [other, client, node]) {
    expect(left(one)).toEqual({ alive: 0, timers: 0, calls: 0 });
    expect(contextOf(one).standings.size).toBe(0);
  }
}
