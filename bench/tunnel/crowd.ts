/**
 * Many tunnels at once, as fast as the relay allows each: how fast is that, what does the relay keep when nobody reads, and what do the
 * others get when one does not?
 */
import { readFileSync } from 'node:fs';
import type { Member } from './member.ts';
import type { Received } from './messages.ts';
import type { Scenario } from './scenario.ts';
import { sleep } from './world.ts';

/** Bytes per second of each tunnel. */
const RATE = 262_144;
const RATE_FLAG = ['--tunnel-rate', '256k'] as const;
/** Processes that send, and as many that receive: each sender has tunnels to each of them. */
const PAIRS = 2;
const KIB = 1_024;
const MEGA = 1_000_000;

export const crowd: Scenario = async (world, { crowd: plan }, figures) => {
  const { url, program } = await world.relay(0, RATE_FLAG);
  const client = async (name: string): Promise<Member> => {
    const member = world.member(name);
    // what is measured is the relay: its clients shall not be what limits
    const order = { names: [`${name}@bench`], relays: [url], encryption: false, serve: 'count' } as const;
    await member.ask('clients', order);
    return member;
  };
  const receivers: Member[] = [];
  const senders: Member[] = [];
  for (let count = 0; count < PAIRS; count++) {
    receivers.push(await client(`receives${count}`));
    senders.push(await client(`sends${count}`));
  }
  const targets = receivers.map((_, index) => `receives${index}@bench`);
  const each = plan.tunnels / (PAIRS * PAIRS);
  await Promise.all(senders.map((sender) => sender.ask('flood', { targets, each })));
  await sleep(plan.warm);

  const rates = await ratesOf(receivers, plan.window);
  figures['fastest'] = percent(Math.max(...rates) / RATE);
  figures['slowest'] = percent(Math.min(...rates) / RATE);
  figures['cut'] = plan.tunnels - rates.length + (await cutOf(receivers));
  if (figures['cut'] > 0) throw new Error(`${figures['cut']} of ${plan.tunnels} tunnels were cut`);

  // the first tunnel of the first process is the one that is stalled
  const others = async (): Promise<number> =>
    (await ratesOf(receivers, plan.window)).slice(1).reduce((sum, rate) => sum + rate, 0);
  const free = await others();
  await receivers[0]!.ask('stall', { tunnels: 1 });
  figures['others'] = percent((await others()) / free);
  await stall(receivers, 0);
  await sleep(plan.warm);

  const before = memoryOf(program.pid);
  await stall(receivers, plan.tunnels);
  await sleep(plan.stall / 2);
  const half = memoryOf(program.pid);
  await sleep(plan.stall / 2);
  const after = memoryOf(program.pid);
  figures['cut in the end'] = await cutOf(receivers);
  if (before === undefined || half === undefined || after === undefined) return;
  figures['memory'] = before / MEGA;
  figures['grown'] = Math.max(0, after - before) / MEGA;
  figures['grown late'] = Math.max(0, after - half) / MEGA;
};

const percent = (share: number): number => 100 * share;

const stall = (members: readonly Member[], tunnels: number): Promise<unknown> =>
  Promise.all(members.map((member) => member.ask('stall', { tunnels })));

/** Bytes per second of each tunnel, by what came out of it in so many ms. */
async function ratesOf(receivers: readonly Member[], window: number): Promise<readonly number[]> {
  const ask = (): Promise<readonly Received[]> =>
    Promise.all(receivers.map((receiver) => receiver.ask('received', undefined)));
  const begin = await ask();
  await sleep(window);
  const end = await ask();
  return end.flatMap(({ at, bytes }, index) => {
    const { at: since, bytes: were } = begin[index]!;
    return bytes.map((count, tunnel) => ((count - (were[tunnel] ?? 0)) / (at - since)) * 1_000);
  });
}

async function cutOf(receivers: readonly Member[]): Promise<number> {
  const all = await Promise.all(receivers.map((receiver) => receiver.ask('received', undefined)));
  return all.reduce((sum, { cut }) => sum + cut, 0);
}

/** Bytes of a process that are in memory; undefined where nobody can tell. */
function memoryOf(pid: number): number | undefined {
  try {
    const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found === null ? undefined : Number(found[1]) * KIB;
  } catch {
    return undefined;
  }
}
