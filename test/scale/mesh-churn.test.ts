/**
 * Twenty nodes come and go for ninety virtual minutes, half of them within half an hour, without a word: what lives is found,
 * who is dead is forgotten, and the price of it does not grow (RELIABILITY §7, continuous churn, in small).
 */
import { expect, test } from 'vitest';
import type { Node } from '../../src/node.ts';
import { meshWorld, told } from '../mesh-world.ts';
import { expectNoCrash, hostOf, tableOf } from '../mesh/dht/dht-mesh.ts';

const NODES = 20;
/** They stay, and everybody begins with them. */
const LASTING = 3;
const MINUTES = 90;
/** Half of them live for half an hour. */
const DEATH = 1 - 0.5 ** (1 / 30);
const CALLS = 12;

interface Member {
  readonly node: Node;
  readonly name: string;
  /** Minute in which it came. */
  readonly since: number;
}

test('99 % of the calls succeed, a tenth of the contacts at most is dead, and the messages stay as many', async () => {
  const world = meshWorld({ seed: 'churn', poison: false });
  const { random } = world;
  let members: Member[] = [];
  let count = 0;
  const come = async (since: number): Promise<void> => {
    const name = `service.number_${count++}`;
    const bootstrap = members.slice(0, LASTING).map(({ node }) => node.url);
    const node = await world.node({ bootstrap });
    await world.settle(node.ready());
    await node.advertise(name, () => name);
    members.push({ node, name, since });
  };
  for (let n = 0; n < NODES; n++) await come(0);

  const failed: string[] = [];
  let calls = 0;
  let deaths = 0;
  let stale = 0;
  let known = 0;
  const perHalfHour: number[] = [];
  let events = world.network.events;
  for (let minute = 1; minute <= MINUTES; minute++) {
    const leaving = members.filter((_, at) => at >= LASTING && random.float() < DEATH);
    for (const { node } of leaving) {
      world.network.faults.kill(hostOf(node));
      await world.settle(node.close({ timeout: 1 }).catch(() => undefined));
    }
    deaths += leaving.length;
    members = members.filter((member) => !leaving.includes(member));
    for (let n = 0; n < leaving.length; n++) await come(minute);
    await world.clock.advance(20_000);
    const settled = members.filter(({ since }) => since < minute);
    for (let n = 0; n < CALLS; n++) {
      const { node } = members[random.u32() % members.length]!;
      const { name } = settled[random.u32() % settled.length]!;
      const answer = told(await world.settle(node.tryCall(name)));
      calls++;
      if (answer !== name) failed.push(`minute ${minute}: ${name} ${String(answer)}`);
    }
    await world.clock.advance(40_000);
    const alive = new Set(members.map(({ node }) => node.id));
    for (const { node } of members) {
      for (const { nodeId } of tableOf(node).contacts()) {
        known++;
        if (!alive.has(nodeId)) stale++;
      }
    }
    if (minute % 30 === 0) {
      perHalfHour.push((world.network.events - events) / NODES / 30);
      events = world.network.events;
    }
  }
  console.info(
    `${deaths} deaths, ${failed.length} of ${calls} calls failed, ${((100 * stale) / known).toFixed(2)} % of contacts dead, ` +
      `${perHalfHour.map(Math.round).join(', ')} network events per node and minute`,
  );
  expect(deaths).toBeGreaterThan(NODES);
  expect(failed.length / calls, failed.join('\n')).toBeLessThanOrEqual(0.01);
  expect(stale / known).toBeLessThanOrEqual(0.1);
  expect(perHalfHour[2]).toBeLessThanOrEqual(1.3 * perHalfHour[0]!);
  expectNoCrash(world);
});
