/**
 * Every actor of a dist relay and of a client is killed in turn: clients are identified again within 2 s, what the drawings in
 * `supervisors/` say is untouched is, tunnels that end do so with a typed error at both ends, and new ones work.
 */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import {
  Drain,
  labelsOf,
  processOf,
  RelayWorld,
  type ClientPlace,
  type Place,
  type RelayPlace,
} from './relay-world.ts';

/** Bytes that go through a tunnel in pieces, from either end: what comes out is a beginning of what went in. */
class Traffic {
  readonly #pairs: { readonly into: Drain; sent: string; readonly write: (text: string) => void }[] = [];
  #count = 0;

  private constructor() {}

  static async between(world: RelayWorld, from: ClientPlace, to: ClientPlace): Promise<Traffic> {
    const { near, far } = await world.tunnel(from, to);
    const traffic = new Traffic();
    for (const [out, back] of [
      [near, far],
      [far, near],
    ] as const)
      traffic.#pairs.push({
        into: new Drain(back.stream),
        sent: '',
        write: (text) => void (out.stream.destroyed || out.stream.write(text)),
      });
    return traffic;
  }

  send(): void {
    for (const [at, pair] of this.#pairs.entries()) {
      const text = `${at}:${this.#count++};`.repeat(50);
      pair.sent += text;
      pair.write(text);
    }
  }

  /** Neither end has heard of an end. */
  get alive(): boolean {
    return this.#pairs.every(({ into }) => !into.closed);
  }
  get over(): boolean {
    return this.#pairs.every(({ into }) => into.closed);
  }
  /** All that was sent has come. */
  get whole(): boolean {
    return this.#pairs.every(({ into, sent }) => into.text === sent);
  }
  get failures(): readonly unknown[] {
    return this.#pairs.map(({ into }) => into.failure);
  }

  expectPrefixes(): void {
    for (const { into, sent } of this.#pairs) expect(sent.startsWith(into.text)).toBe(true);
  }
}

interface Stage {
  readonly world: RelayWorld;
  readonly relay: RelayPlace;
  readonly other: RelayPlace;
  readonly a: ClientPlace;
  readonly b: ClientPlace;
  readonly c: ClientPlace;
}

const WAYS = [
  ['in its streams', false],
  ['on connections of their own', true],
] as const;

/** Three clients at two relays. */
async function staged(seed: string, encryption = false): Promise<Stage> {
  const world = new RelayWorld(seed);
  const [relay, other] = [await world.relay(), await world.relay()];
  const clients = [];
  for (const name of ['a@one', 'b@two', 'c@three'])
    clients.push(await world.client([relay, other], name, { encryption }));
  const [a, b, c] = clients as [ClientPlace, ClientPlace, ClientPlace];
  return { world, relay, other, a, b, c };
}

interface Kill {
  /** Label of who is killed. */
  readonly label: string;
  /** What of the tunnels between a and b, and between b and c, goes on. */
  readonly stays: readonly ('ab' | 'bc')[];
  /** Children of the root that live on. */
  readonly survivors: readonly string[];
}

const OF_RELAY: readonly Kill[] = [
  { label: 'endpoint', stays: [], survivors: [] },
  { label: 'clients', stays: [], survivors: ['endpoint'] },
  { label: 'client a@one', stays: ['bc'], survivors: ['endpoint', 'clients', 'tunnels', 'client b@two'] },
  { label: 'tunnels', stays: [], survivors: ['endpoint', 'clients', 'client a@one', 'client b@two'] },
  {
    label: 'tunnel a@one to b@two',
    stays: ['bc'],
    survivors: ['endpoint', 'clients', 'tunnels', 'client a@one', 'client b@two', 'tunnel b@two to c@three'],
  },
  {
    label: 'forwarder a@one to b@two',
    stays: ['bc'],
    survivors: ['endpoint', 'clients', 'tunnels', 'client a@one', 'client b@two', 'tunnel b@two to c@three'],
  },
  {
    label: 'forwarder b@two to a@one',
    stays: ['bc'],
    survivors: ['endpoint', 'clients', 'tunnels', 'client a@one', 'client b@two', 'tunnel b@two to c@three'],
  },
];

const OF_CLIENT: readonly Kill[] = [
  { label: 'endpoint', stays: ['bc'], survivors: [] },
  { label: 'relays', stays: ['bc'], survivors: ['endpoint'] },
  {
    label: 'relay quic://198.18.60.1',
    stays: ['bc'],
    survivors: ['endpoint', 'relays', 'tunnels', 'relay quic://198.18.60.2'],
  },
  // the tunnels go over the first one
  {
    label: 'relay quic://198.18.60.2',
    stays: ['ab', 'bc'],
    survivors: ['endpoint', 'relays', 'tunnels', 'tunnel to b@two'],
  },
  { label: 'tunnels', stays: ['bc'], survivors: ['endpoint', 'relays', 'relay quic://198.18.60.1'] },
  {
    label: 'tunnel to b@two',
    stays: ['bc'],
    survivors: ['endpoint', 'relays', 'tunnels', 'relay quic://198.18.60.1'],
  },
];

async function strike(stage: Stage, place: Place, { label, stays, survivors }: Kill): Promise<void> {
  const { world, relay, other, a, b, c } = stage;
  const traffic = { ab: await Traffic.between(world, a, b), bc: await Traffic.between(world, b, c) };
  const both = Object.values(traffic);
  for (const one of both) one.send();
  await world.until(() => both.every(({ whole }) => whole));
  for (const one of both) one.send();
  const before = new Map(survivors.map((name): [string, Process] => [name, processOf(place.runtime, name)]));
  place.runtime.exit(processOf(place.runtime, label), 'kill');
  await world.pass(2_000);
  for (const { client } of [a, b, c])
    expect(client.status().relays.map(({ state }) => state)).toEqual(['identified', 'identified']);
  for (const { relay: one } of [relay, other])
    expect(one.status().clients.toSorted()).toEqual(['a@one', 'b@two', 'c@three']);
  for (const [name, process] of before) expect([name, process.alive]).toEqual([name, true]);
  for (const [name, one] of Object.entries(traffic)) {
    expect([name, one.alive, one.over]).toEqual([
      name,
      stays.includes(name as 'ab'),
      !stays.includes(name as 'ab'),
    ]);
    if (one.over) for (const failure of one.failures) expect(['closed', 'reset']).toContain(failure);
  }
  // those that are over carry nothing any more, and nothing of them comes out of new ones
  const young = [await Traffic.between(world, a, b), await Traffic.between(world, c, a)];
  for (const one of [...both, ...young]) one.send();
  await world.until(
    () => [...young, ...both.filter(({ alive }) => alive)].every(({ whole }) => whole),
    1_000,
  );
  for (const one of [...both, ...young]) one.expectPrefixes();
  expect(relay.relay.status().tunnels + other.relay.status().tunnels).toBe(2 + stays.length);
  expect(place.runtime.alive).toBe(labelsOf(place.runtime).length);
}

describe.each(WAYS)('of a relay, tunnels %s', (_way, encryption) => {
  test.each(OF_RELAY)('$label is killed', async (kill) => {
    const stage = await staged(kill.label, encryption);
    await strike(stage, stage.relay, kill);
  });
});

describe('of a relay', () => {
  test('tunnels and clients that are killed one after the other cost it no restart', async () => {
    const world = new RelayWorld('many');
    const relay = await world.relay();
    const a = await world.client([relay], 'a@one');
    const b = await world.client([relay], 'b@two');
    for (let round = 0; round < 20; round++) {
      await world.tunnel(a, b);
      relay.runtime.exit(processOf(relay.runtime, round % 2 === 0 ? 'tunnel ' : 'client a@one'), 'kill');
      await world.clock.advance(10);
      await world.until(() => a.client.status().relays.every(({ state }) => state === 'identified'), 60_000);
    }
    expect(relay.relay.status().clients).toContain('a@one');
  });
});

describe.each(WAYS)('of a client, tunnels %s', (_way, encryption) => {
  test.each(OF_CLIENT)('$label is killed', async (kill) => {
    const stage = await staged(kill.label, encryption);
    await strike(stage, stage.a, kill);
  });
});

describe('what is under way', () => {
  test('a request whose actor is killed fails, and what the relay answers is refused', async () => {
    const { world, a, b, relay } = await staged('request');
    const asked = a.client.requestTunnel('b@two');
    await world.clock.settle();
    a.runtime.exit(processOf(a.runtime, 'tunnel to b@two'), 'kill');
    expect(await world.failure(asked)).toBe('closed');
    await world.clock.advance(6_000);
    expect(a.client.status()).toMatchObject({ pendingOutbound: 0, activeTunnels: 0, unidentifiedStreams: 0 });
    for (const { stream } of b.incoming) expect(stream.destroyed).toBe(true);
    expect(relay.relay.status().tunnels).toBe(0);
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    'a request whose actor is killed after %d ms is told, and leaves no tunnel behind',
    async (milliseconds) => {
      const { world, a, relay } = await staged('instant');
      let result: unknown;
      const keep = (value: unknown): void => {
        result = value;
      };
      const asked = a.client.requestTunnel('b@two').then(keep, keep);
      await world.clock.advance(milliseconds);
      for (const label of labelsOf(a.runtime))
        if (label.startsWith('tunnel to')) a.runtime.exit(processOf(a.runtime, label), 'kill');
      await world.settle(asked);
      expect(result).toBeDefined();
      await world.clock.advance(6_000);
      expect(a.client.status()).toMatchObject({ pendingOutbound: 0, activeTunnels: 0 });
      expect(relay.relay.status().tunnels).toBe(0);
    },
  );
});
