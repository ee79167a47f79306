/**
 * Relays that are killed: until their clients are known again when they are back, and until clients with another one have a tunnel
 * there.
 */
import { freePort } from '../paths/proxies.ts';
import { median } from '../harness/statistics.ts';
import type { Member } from './member.ts';
import type { Visits } from './messages.ts';
import type { Scenario } from './scenario.ts';
import { sleep, type PlacedRelay, type World } from './world.ts';

/** Milliseconds within which clients have to be back, and have a tunnel elsewhere (issue of part 7). */
const BACK = 5_000;
const ELSEWHERE = 2_000;
/** Milliseconds that are waited. */
const WITHIN = 30_000;
const GRACE = 5_000;
/** Milliseconds before something happens, and after it. */
const BEFORE = 500;

/** Clients of one process. */
const names = (who: string): readonly string[] =>
  ['one', 'two', 'three', 'four', 'five'].map((name) => `${name}@${who}`);

/**
 * One relay; clients that live through all kills, and new ones for each: who has lost a relay a moment ago waits longer before he dials
 * it again.
 */
export const restart: Scenario = async (world, { restarts, away }, figures) => {
  const port = await freePort();
  let relay = await world.relay(port);
  const clients = async (who: string): Promise<Member> => {
    const member = world.member(who);
    await member.ask('clients', { names: names(who), relays: [relay.url], serve: 'echo' });
    return member;
  };
  const kept = await clients('kept');
  const [fresh, old]: [number[], number[]] = [[], []];
  for (let count = 0; count < restarts; count++) {
    const who = `new${count}`;
    const added = await clients(who);
    await Promise.all([kept, added].map((member) => member.ask('watch', undefined)));
    await sleep(BEFORE);
    await relay.program.kill();
    await sleep(away);
    relay = await world.relay(port);
    const { at } = relay.program;
    const took = async (member: Member): Promise<number> => {
      const back = await member.ask('back', { within: WITHIN }, WITHIN + GRACE);
      // from when it listens; who did not come back in time took as long as was waited at least
      return Math.max(...back.map((when) => (when === undefined ? WITHIN : Math.max(0, when - at))));
    };
    const [one, other] = await Promise.all([took(added), took(kept)]);
    fresh.push(one);
    old.push(other);
    // and it is true
    await added.ask('visit', { target: names('kept')[1]! });
    await kept.ask('visit', { target: names(who)[1]! });
    await added.close();
    figures['back'] = median(fresh);
    figures['back, worst'] = Math.max(...fresh);
    figures['kept, worst'] = Math.max(...old);
    figures['late'] = [...fresh, ...old].filter((ms) => ms > BACK).length;
  }
};

/** Two relays, and a client that asks for tunnels all the time. The relay that it asks is killed. */
export const failover: Scenario = async (world, { failovers }, figures) => {
  const relays: PlacedRelay[] = [];
  for (let count = 0; count < 2; count++) relays.push(await world.relay(await freePort()));
  const urls = relays.map(({ url }) => url);
  const [serves, asks] = [world.member('serves'), world.member('asks')];
  await serves.ask('clients', { names: ['serves@bench'], relays: urls, serve: 'echo' });
  await asks.ask('clients', { names: ['asks@bench'], relays: urls, serve: 'echo' });
  await asks.ask('visit', { target: 'serves@bench' });
  await asks.ask('begin', { target: 'serves@bench' });
  const all: Visits[] = [];
  for (let count = 0; count < failovers; count++) {
    await sleep(BEFORE);
    const active = urls.indexOf(await asks.ask('active', undefined));
    const used = relays[active];
    if (used === undefined) throw new Error('the client asks no relay');
    await asks.ask('mark', undefined);
    await used.program.kill();
    await sleep(ELSEWHERE);
    all.push(await gone(asks));
    figures['gap'] = median(all.map(({ gap }) => gap));
    figures['gap, worst'] = Math.max(...all.map(({ gap }) => gap));
    figures['failed'] = all.reduce((sum, { failed }) => sum + failed, 0);
    relays[active] = await revived(world, used, [serves, asks]);
  }
  const failure = all.find((one) => one.failure !== undefined)?.failure;
  if (failure !== undefined) console.error(`failover: a tunnel failed: ${failure}`);
  await asks.ask('end', undefined);
};

/** What it cost, once tunnels are made again. */
async function gone(asks: Member): Promise<Visits> {
  for (let tries = 0; tries * BEFORE < WITHIN; tries++) {
    const before = await asks.ask('told', undefined);
    await sleep(BEFORE);
    const after = await asks.ask('told', undefined);
    if (after.done > before.done) return after;
  }
  throw new Error('no tunnel is made any more');
}

async function revived(
  world: World,
  { port }: PlacedRelay,
  members: readonly Member[],
): Promise<PlacedRelay> {
  const relay = await world.relay(port);
  for (const member of members) await member.ask('settled', { within: WITHIN }, WITHIN + GRACE);
  return relay;
}
