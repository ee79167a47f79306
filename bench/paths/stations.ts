/**
 * Stations that are killed: until their clients are back when they are, and until clients with another one go on there.
 */
import { median } from '../harness/statistics.ts';
import type { Traffic } from './messages.ts';
import { announced, attached } from './pair.ts';
import { freePort } from './proxies.ts';
import type { Scenario } from './scenario.ts';
import { urlAt, type Placed } from './world.ts';

const LANES = 16;
const PAUSE = 2;
/** Calls that were sent to a station that died may have run; idempotent ones are repeated when their caller wants it. */
const AGAIN = 10;
/** Clients that serve a name each. */
const NAMES = ['bench.one', 'bench.two', 'bench.three', 'bench.four', 'bench.five'];
/** Milliseconds within which clients have to be back, and go on elsewhere (issue 6); twice as long is waited. */
const BACK = 5_000;
const ELSEWHERE = 2_000;
const WITHIN = 20_000;
const GRACE = 5_000;
/** Milliseconds of calls before something happens. */
const BEFORE = 500;
/** Milliseconds for a station that is back to be as good as the other one. */
const JOINED = 1_000;

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/**
 * One station; clients that serve, a client that calls them, and an attached node: new ones for each time, since who has lost a
 * station a moment ago waits longer before he dials it again.
 */
export const restart: Scenario = async (world, { restarts, away }, figures) => {
  const port = await freePort();
  const urls = [urlAt(port)];
  let station = await world.station({ port });
  const [clients, nodes]: [number[], number[]] = [[], []];
  let late = 0;
  for (let count = 0; count < restarts; count++) {
    const [providers, caller] = [world.member('clients'), world.member('client')];
    const [attachedNode] = await Promise.all([
      world.node('attached', 0, { options: { ...attached([port]), ...(await announced(0)) } }),
      providers.ask('clients', { urls, names: NAMES }),
      caller.ask('clients', { urls, names: [] }),
    ]);
    const { member: node } = attachedNode;
    await caller.ask('answered', { names: NAMES, within: WITHIN });
    await sleep(BEFORE);
    const since = performance.timeOrigin + performance.now();
    await station.member.kill();
    await sleep(away);
    station = await world.station({ port });
    const { id: peer, at } = station;
    const [answered, again] = await Promise.all([
      caller.ask('answered', { names: NAMES, within: WITHIN }, WITHIN + GRACE),
      node.ask('until', { peer, ways: ['direct'], within: WITHIN, since }, WITHIN + GRACE),
    ]);
    await Promise.all([providers.close(), caller.close(), node.close()]);
    // from when it listens; who did not come back in time took as long as was waited at least
    const took = (when: number | undefined): number => (when === undefined ? WITHIN : when - at);
    clients.push(Math.max(...answered.map(took)));
    nodes.push(took(again?.at));
    if (Math.max(clients.at(-1) ?? 0, nodes.at(-1) ?? 0) > BACK) late++;
    figures['back'] = median(clients);
    figures['back, worst'] = Math.max(...clients);
    figures['attached'] = median(nodes);
    figures['attached, worst'] = Math.max(...nodes);
    figures['back late'] = late;
  }
};

/** Two stations, a node that serves, and a client of either that calls all the time. The one that it is connected to is killed. */
export const failover: Scenario = async (world, { failovers }, figures) => {
  const ports = [await freePort(), await freePort()];
  const urls = ports.map(urlAt);
  const stationAt = (port: number): Promise<Placed> =>
    world.station({ name: `station ${port}`, port, options: { station: { peers: urls }, bootstrap: urls } });
  const stations = new Map<string, { port: number; at: Placed }>();
  for (const at of await Promise.all(ports.map(stationAt))) stations.set(at.id, { port: at.port, at });
  const provider = await world.node('provider', 0, { options: { bootstrap: urls } });
  await provider.member.ask('serve', undefined);
  const caller = world.member('client');
  await caller.ask('clients', { urls, names: [] });
  await caller.ask('find', undefined);
  await caller.ask('begin', { lanes: LANES, pause: PAUSE, idempotent: true, again: AGAIN });
  const all: Traffic[] = [];
  for (let count = 0; count < failovers; count++) {
    await sleep(JOINED);
    const used = stations.get(await caller.ask('uplink', undefined));
    if (used === undefined) throw new Error('the client is connected to no station');
    await caller.ask('mark', undefined);
    await used.at.member.kill();
    await sleep(ELSEWHERE);
    for (let tries = 0; tries * BEFORE < WITHIN; tries++) {
      const moved = await caller.ask('uplink', undefined);
      const before = await caller.ask('told', undefined);
      await sleep(BEFORE);
      const after = await caller.ask('told', undefined);
      if (moved !== used.at.id && after.calls - after.failed > before.calls - before.failed) break;
    }
    all.push(await caller.ask('told', undefined));
    figures['failover gap'] = median(all.map(({ gap }) => gap));
    figures['failover gap, worst'] = Math.max(...all.map(({ gap }) => gap));
    figures['failover late'] = all.filter(({ gap }) => gap > ELSEWHERE).length;
    figures['failover failed'] = all.reduce((sum, { failed }) => sum + failed, 0);
    used.at = await stationAt(used.port);
  }
  const failure = all.find((one) => one.failure !== undefined)?.failure;
  if (failure !== undefined) console.error(`failover: a call failed: ${failure}`);
  await caller.ask('end', undefined);
};
