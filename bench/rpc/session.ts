/**
 * One peer in one round: its processes are started, measured and ended. Never rejects: what goes wrong is a
 * result.
 */
import { Child, ChildFailure } from '../harness/child.ts';
import { place } from '../harness/placement.ts';
import type { Figures, Order, Word } from './messages.ts';
import type { Info, PeerEntry } from './peer.ts';
import {
  silenceLimit,
  SMALL,
  START_LIMIT,
  step,
  type Placement,
  type Plan,
  type Step,
  type StepName,
} from './plan.ts';

const SCRIPT = new URL('peer-process.js', import.meta.url);

/** Figures of a step, and what the server spent on it. */
export interface Sample extends Figures {
  /** CPU µs of client and server per call; undefined without an answer. */
  readonly cpuOfBoth: number | undefined;
}

export interface Session {
  readonly steps: Partial<Readonly<Record<StepName, Sample>>>;
  /** Milliseconds to connect and to make the first call in a fresh process; undefined when that failed. */
  readonly fresh: number | undefined;
  /** The same again in that process, whose modules are loaded now. */
  readonly loaded: number | undefined;
  /** What ended the session early. */
  readonly failure: string | undefined;
}

type Process = Child<Order, Word>;

/** `cpus`: where processes can be placed; fewer than two, or undefined, leave that to the system. */
export async function session(
  entry: PeerEntry,
  plan: Plan,
  cpus: readonly number[] | undefined,
): Promise<Session> {
  const steps: Partial<Record<StepName, Sample>> = {};
  let connected: { readonly fresh?: number; readonly loaded?: number | undefined } = {};
  const children: Process[] = [];
  const start = (role: string): Process => {
    const child: Process = new Child(`${entry.name} ${role}`, SCRIPT, [entry.name]);
    children.push(child);
    return child;
  };
  try {
    const server = start('server');
    const info = await serving(server);
    const client = start('client');
    placeAs('apart', client, server, cpus);
    client.send({ tag: 'connect', info, size: SMALL });
    connected = await expected(client, 'connected', START_LIMIT);
    let warm = plan.coldWarm;
    for (const name of entry.steps) {
      const current = step(name);
      placeAs(current.placement, client, server, cpus);
      const sample = await run(current, warm, client, server, plan);
      steps[name] = sample;
      warm = plan.warm;
      // it will not do better with more
      if (sample.stalled) break;
    }
    return { steps, fresh: connected.fresh, loaded: connected.loaded, failure: undefined };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    return { steps, fresh: connected.fresh, loaded: connected.loaded, failure };
  } finally {
    await Promise.all(children.map((child) => child.close()));
  }
}

async function serving(server: Process): Promise<Info> {
  server.send({ tag: 'serve' });
  return (await expected(server, 'serving', START_LIMIT)).info;
}

function placeAs(
  placement: Placement,
  client: Process,
  server: Process,
  cpus: readonly number[] | undefined,
): void {
  const [one, other] = cpus ?? [];
  if (cpus === undefined || one === undefined || other === undefined) return;
  const [forClient, forServer] = {
    apart: [[one], [other]],
    together: [[one], [one]],
    free: [cpus, cpus],
  }[placement] as [readonly number[], readonly number[]];
  if (client.pid !== undefined) place(client.pid, forClient);
  if (server.pid !== undefined) place(server.pid, forServer);
}

async function run(
  current: Step,
  warm: number,
  client: Process,
  server: Process,
  plan: Plan,
): Promise<Sample> {
  const { warmCalls, window, stallAfter } = plan;
  client.send({
    tag: 'run',
    lanes: current.lanes,
    size: current.size,
    phase: { warm, warmCalls, window, stallAfter },
  });
  let began: number | undefined;
  let spent: number | undefined;
  for (;;) {
    const word = await client.receive(silenceLimit(plan));
    if (word.tag === 'mark') {
      const micros = await cpuOf(server);
      if (word.at === 'begin') began = micros;
      else if (began !== undefined) spent = micros - began;
    } else if (word.tag === 'figures') {
      return { ...word.figures, cpuOfBoth: both(word.figures, spent) };
    } else if (word.tag === 'failed') throw new ChildFailure('ended', word.reason);
  }
}

const both = ({ answered, cpuPerCall }: Figures, server: number | undefined): number | undefined =>
  server === undefined || answered === 0 ? undefined : cpuPerCall + server / answered;

async function cpuOf(server: Process): Promise<number> {
  server.send({ tag: 'cpu' });
  return (await expected(server, 'cpu', START_LIMIT)).micros;
}

/** The next word, which must be this one. */
async function expected<Tag extends Word['tag']>(
  child: Process,
  tag: Tag,
  limit: number,
): Promise<Extract<Word, { tag: Tag }>> {
  const word = await child.receive(limit);
  if (word.tag === tag) return word as Extract<Word, { tag: Tag }>;
  throw new ChildFailure('ended', word.tag === 'failed' ? word.reason : `said ${word.tag} instead of ${tag}`);
}
