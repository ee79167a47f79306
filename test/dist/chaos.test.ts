import { afterEach, expect, test } from 'vitest';
import { seededRandom } from '../../src/actor/random.ts';
import { DistWorld, find, type Actor, type DistNode } from './dist-world.ts';

let world = new DistWorld();
afterEach(() => world.close());

interface Member {
  readonly node: DistNode;
  readonly inbox: Actor;
  /** The last number sent to each other one. */
  readonly sent: Map<string, number>;
}

/** Three nodes that talk while wires are cut, actors killed and connections ended, then half a minute of peace. */
async function chaos(seed: number): Promise<void> {
  const random = seededRandom(`chaos ${seed}`);
  const below = (limit: number): number => random.u32() % limit;
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item;
  world = new DistWorld(seed);
  world.net.rules.delay = below(2) === 0 ? 0 : below(30);
  world.net.rules.piece = below(3) === 0 ? 'seeded' : Infinity;
  const members: Member[] = [];
  for (const name of ['aa', 'bb', 'cc']) {
    const node = await world.node(name, { tickTime: 4_000, setupTime: 2_000 });
    members.push({ node, inbox: await world.actor(node, 'inbox'), sent: new Map() });
  }
  const talk = ({ node, sent }: Member, to: Member): void => {
    const number = (sent.get(to.node.name) ?? 0) + 1;
    sent.set(to.node.name, number);
    node.runtime.send(node.dist.whereis('inbox', to.node.name), [node.name, number]);
  };
  const kill = ({ node }: Member, label: string): void => {
    const process = find(node.runtime, label);
    if (process !== undefined) node.runtime.exit(process, 'kill');
  };
  const asked: Promise<boolean>[] = [];
  for (let step = 0; step < 60; step++) {
    const [one, two] = [pick(members), pick(members)];
    if (one === two) continue;
    const what = below(20);
    if (what < 10) talk(one, two);
    else if (what < 13) asked.push(one.node.dist.ping(two.node.name));
    else if (what < 15) asked.push(one.node.dist.disconnect(two.node.name));
    else if (what < 17) pick([...world.net.wires])?.cut();
    else if (what === 17) kill(one, `peer ${two.node.name}`);
    else if (what === 18 && step % 3 === 0) kill(one, 'netKernel');
    else world.net.hold(below(2) === 0);
    if (below(2) === 0) await world.clock.advance(below(400));
  }
  world.net.hold(false);
  await world.clock.advance(30_000);
  // nobody waits for ever
  expect((await Promise.all(asked)).length).toBe(asked.length);
  // all can talk again, whatever was
  for (const one of members) for (const two of members) if (one !== two) talk(one, two);
  await world.clock.advance(10_000);
  for (const { node, inbox, sent } of members) {
    const others = members.filter((each) => each.node !== node).map((each) => each.node.name);
    expect([...node.dist.nodes()].toSorted(), `nodes of ${node.name}, seed ${seed}`).toEqual(others);
    for (const other of members) {
      if (other.node === node) continue;
      // up and down by turns, up in the end
      const changes = node.changes.filter((change) => change.split(' ')[1] === other.node.name);
      const words = changes.map((change) => change.split(' ')[0]);
      expect(words, `seed ${seed}`).toEqual(words.map((_, at) => (at % 2 === 0 ? 'up' : 'down')));
      expect(words.at(-1)).toBe('up');
      // each message once at most, in their order, and the last one is there
      const numbers = inbox.inbox.flatMap((message) => {
        const [from, number] = message as readonly [string, number];
        return from === other.node.name ? [number] : [];
      });
      expect(numbers, `seed ${seed}`).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
      expect(numbers.at(-1), `seed ${seed}`).toBe(other.sent.get(node.name));
      expect(sent.size).toBe(2);
    }
  }
  expect(world.net.wires.size).toBe(3);
  await world.close();
}

test('whatever is cut, killed and ended: nodes come and go by turns, messages keep their order, and in the end all are connected once', async () => {
  for (let seed = 0; seed < 60; seed++) await chaos(seed);
});
