import { describe, expect, test } from 'vitest';
import { Rates } from '../../../src/inspect/page/rates.ts';
import type { Cell, Section, Table, Times } from '../../../src/inspect/page/sections.ts';
import { viewSections } from '../../../src/inspect/page/views.ts';
import { lastTry } from '../../../src/inspect/page/ways-view.ts';
import { AT, DHT, DIST, PEERS, REGISTRY, RELAY, rows, RPC } from './sample-views.ts';

/** The page's clock is ahead of the node's. */
const TIMES: Times = { at: AT, now: AT + 7_000, rate: () => null };
const SAMPLES = { rpc: RPC, registry: REGISTRY, dht: DHT, peers: PEERS, relay: RELAY, dist: DIST } as const;

const tableOf = (sections: readonly Section[], title: string): Table => {
  const found = sections.find((section) => section.tag === 'table' && section.title === title);
  if (found?.tag !== 'table') throw new Error(`no table ${title}`);
  return found;
};
const factOf = (sections: readonly Section[], name: string): Cell | undefined =>
  sections
    .flatMap((section) => (section.tag === 'facts' ? section.facts : []))
    .find(([each]) => each === name)?.[1];
const texts = ({ rows: all }: Table): string[][] => all.map(({ cells }) => cells.map(({ text }) => text));
const column = (table: Table, name: string): Cell[] => {
  const at = table.columns.findIndex((each) => each.name === name);
  return table.rows.map(({ cells }) => cells[at] ?? { text: 'no such column', kind: 'nothing' });
};

describe('pictures of views', () => {
  test('every part of every view has its place: nothing is left to its shape, and every row has as many cells as columns', () => {
    const all = (sections: readonly Section[]): Section[] =>
      sections.flatMap((section) => [
        section,
        ...(section.tag === 'table' ? section.rows.flatMap(({ below }) => all(below)) : []),
      ]);
    for (const [name, data] of Object.entries(SAMPLES)) {
      for (const section of all(viewSections(name, data, TIMES))) {
        // names of fields begin with a small letter, names for people do not
        expect(section.title, name).not.toMatch(/^[a-z]/);
        if (section.tag === 'facts')
          for (const [fact] of section.facts) expect(fact, name).not.toMatch(/^[a-z]/);
        if (section.tag !== 'table') continue;
        expect(section.none, section.title).toMatch(/\.$/);
        for (const { cells } of section.rows)
          expect(cells.length, section.title).toBe(section.columns.length);
      }
    }
  });

  test('what a page does not know of a view is shown below, by its shape', () => {
    for (const [name, data] of Object.entries(SAMPLES)) {
      const sections = viewSections(name, { ...data, fromTheFuture: 42 }, TIMES);
      expect(factOf(sections, 'from the future')?.text, name).toBe('42');
    }
    const records = { kept: rows([{ seq: 1, fromTheFuture: 42 }]) };
    const { rows: shown } = tableOf(
      viewSections('dht', { ...DHT, records }, TIMES),
      'Records kept for others',
    );
    expect(factOf(shown[0]?.below ?? [], 'from the future')?.text).toBe('42');
  });

  test('a view, and a part of one, that is not there says why', () => {
    const gone = { unavailable: 'it is being restarted' };
    for (const name of Object.keys(SAMPLES))
      expect(viewSections(name, gone, TIMES)).toMatchObject([
        { tag: 'note', text: 'Not to be had now: it is being restarted.' },
      ]);
    const sections = viewSections('dht', { ...DHT, table: gone, records: gone }, TIMES);
    expect(sections.filter(({ tag }) => tag === 'note').map(({ title }) => title)).toEqual([
      'Buckets',
      'Records kept for others',
    ]);
  });

  test('nothing that is odd breaks one', () => {
    for (const name of Object.keys(SAMPLES))
      for (const odd of [
        null,
        5,
        'x',
        [],
        {},
        { rows: 'no' },
        { table: 7, records: [], lookups: { last: { rows: [null, 3, {}] } } },
        { peers: [[]], groups: { rows: [{}] }, clients: [{}], nat: { tried: [{ steps: [{}] }] } },
      ])
        expect(Array.isArray(viewSections(name, odd, TIMES)), `${name} ${JSON.stringify(odd)}`).toBe(true);
  });
});

test('words that are names of what every object has are words like others', () => {
  const said = (value: unknown, word: string): unknown =>
    typeof value === 'string'
      ? word
      : typeof value === 'object' && value !== null
        ? Array.isArray(value)
          ? value.map((each) => said(each, word))
          : Object.fromEntries(Object.entries(value).map(([key, each]) => [key, said(each, word)]))
        : value;
  for (const word of ['__proto__', 'constructor', 'toString'])
    for (const [name, data] of Object.entries(SAMPLES))
      for (const cell of viewSections(name, said(data, word), TIMES).flatMap((section) =>
        section.tag === 'table' ? section.rows.flatMap(({ cells }) => cells) : [],
      ))
        expect(typeof cell.text, `${name} ${word}`).toBe('string');
});

describe('the DHT', () => {
  const sections = viewSections('dht', DHT, TIMES);

  test('buckets are bars of what they may hold', () => {
    expect(sections.find(({ tag }) => tag === 'bars')).toMatchObject({
      bars: [
        { label: '0', value: 20, most: 20 },
        { label: '1', value: 20, most: 20 },
        {
          label: '2',
          value: 14,
          most: 20,
          title: 'bucket 2: 14 of 20 contacts, 2 wait for a place, looked up 40 s ago',
        },
        { label: '3', value: 5, most: 20 },
        { label: '4', value: 2, most: 20 },
      ],
    });
  });

  test('a record counts down by the clock of the page, of the time that it was made for', () => {
    const left = column(tableOf(sections, 'Records kept for others'), 'Time left');
    expect(left.map(({ text }) => text)).toEqual(['3:04', '2:14', '1:24']);
    expect(left[0]?.look).toEqual({ tag: 'countdown', ends: AT + 7_000 + 184_000, whole: 300_000 });
  });

  test('a lookup is traced hop by hop: who was named by whom, when it was asked, what came of it', () => {
    const [lookup] = tableOf(sections, 'Last lookups').rows;
    const hops = tableOf(lookup?.below ?? [], 'Hops');
    expect(texts(hops)).toEqual([
      ['77c177c177c177c1', '1', 'known here', '127.0.0.1:40349', 'answered', '0.10 ms'],
      ['be41be41be41be41', '1', 'known here', '127.0.0.1:42349', 'failed', '0.20 ms'],
      ['9d029d029d029d02', '2', '77c177c177c177c1', '127.0.0.1:41349', 'answered', '95 ms'],
      ['c7d3c7d3c7d3c7d3', '3', '9d029d029d029d02', '127.0.0.1:43349', 'not waited for', '240 ms'],
    ]);
    expect(hops.rows.map(({ cells }) => cells[0]?.look)).toEqual(
      [0, 0, 1, 2].map((level) => ({ tag: 'indent', level })),
    );
    expect(hops.rows[2]?.cells[5]?.look).toEqual({ tag: 'lane', from: 0.25, to: 0.25, tone: 'good' });
  });

  test('where whom it asked was not kept, that is said', () => {
    const [, stored] = tableOf(sections, 'Last lookups').rows;
    expect(stored?.below).toMatchObject([
      { tag: 'note', text: expect.stringContaining('while somebody looks') },
    ]);
  });
});

describe('peers', () => {
  const sections = viewSections('peers', PEERS, TIMES);

  test('a connection says where it is in its life, and what is odd about it in words', () => {
    const states = column(tableOf(sections, 'Connections'), 'State');
    expect(states.map(({ text }) => text)).toEqual(['ready', 'ready', 'ready', 'ready, silent', 'hello']);
    expect(states[4]?.look).toMatchObject({ tag: 'track', at: 1, tone: 'busy' });
    expect(states[3]?.look).toMatchObject({ tag: 'track', at: 2, tone: 'warn' });
    expect(column(tableOf(sections, 'Connections'), 'Path').map(({ text }) => text)).toEqual([
      'direct',
      'hole punch',
      'relay',
      'direct',
      'direct',
    ]);
  });

  test('which step won, and how long those took that failed before', () => {
    const [first, second] = texts(tableOf(sections, 'Ways to peers'));
    expect(first).toEqual([
      '9d029d029d029d02',
      'hole punch',
      'direct ✕ 3.0 s, relay ✓ 200 ms, hole punch ✕ 500 ms, hole punch ✓ 180 ms',
      '3.5 s',
      '5 s ago',
    ]);
    expect(second?.slice(1, 4)).toEqual(['none yet', 'direct – 1.2 s', '–']);
  });

  test('steps of one try stand on one span of time; those of a try before have none', () => {
    const [peer] = tableOf(sections, 'Ways to peers').rows;
    const steps = column(tableOf(peer?.below ?? [], 'Steps, newest first'), 'Took');
    expect(steps.map(({ look }) => look?.tag)).toEqual(['lane', 'lane', 'lane', 'lane', undefined]);
    expect(steps[3]?.look).toMatchObject({ from: 0, tone: 'bad' });
    expect(steps[0]?.look).toMatchObject({ to: 1, tone: 'good' });
  });

  test('a try begins where nothing had happened for half a minute', () => {
    const step = (at: number, ms: number) => ({
      at,
      ms,
      step: 'dial',
      where: '',
      outcome: 'failed',
      why: '',
    });
    const [old, one, two] = [step(10_000, 5), step(45_005, 5_000), step(46_000, 5_500)];
    expect(lastTry([two, old, one])).toEqual([one, two]);
    expect(lastTry([step(10_006, 5), one, two])).toHaveLength(3);
    expect(lastTry([])).toEqual([]);
  });

  test('the NAT in front is told in words', () => {
    expect(factOf(sections, 'Maps')?.text).toBe('the same for all');
    expect(factOf(sections, 'Lets in')?.text).toBe('by host and port');
    const unmeasured = viewSections('peers', { ...PEERS, nat: { ...PEERS.nat, profile: null } }, TIMES);
    expect(unmeasured.find(({ title }) => title === 'The NAT in front of this node')).toMatchObject({
      tag: 'note',
      text: expect.stringMatching(/^Not measured/),
    });
  });
});

describe('relays', () => {
  const sections = viewSections('relay', RELAY, TIMES);

  test('a station says how much of what it may pass on it does, and each session how far it is', () => {
    expect(factOf(sections, 'Sessions')).toMatchObject({ text: '2 of 4,000', look: { tag: 'meter' } });
    expect(column(tableOf(sections, 'Sessions passed on'), 'State').map(({ text }) => text)).toEqual([
      'connected',
      'asked for',
    ]);
  });

  test('a client of dist relays says which know it, which is asked first, and what waits', () => {
    expect(sections.find(({ tag }) => tag === 'heading')).toMatchObject({
      title: 'Dist relays, as shop@mesh',
      state: { text: 'identified' },
    });
    expect(texts(tableOf(sections, 'Relays'))).toEqual([
      ['quic://relay-1:4434', 'identified', 'asked first', '1', '39 KiB', '79 KiB', '–'],
      ['quic://relay-2:4434', 'lost, tries again', '–', '0', '0 B', '0 B', 'timeout'],
    ]);
    expect(factOf(sections, 'Pending requests')?.text).toBe('1');
  });

  test('a node that is no station says nothing of one', () => {
    const client = viewSections('relay', { ...RELAY, station: null }, TIMES);
    expect(client.some(({ title }) => title === 'As a station')).toBe(false);
  });
});

describe('the distribution', () => {
  const sections = viewSections('dist', DIST, TIMES);

  test('nodes have their bytes, ticks and silence, and say when they take no more', () => {
    const nodes = tableOf(sections, 'Nodes');
    expect(texts(nodes)).toEqual([
      ['shop@erlang.example', 'up', 'Erlang', '86 KiB', '1.9 MiB', '–', '31', '0 of 4', '14', '2'],
      ['9444@127.0.0.1', 'up, busy', 'espalier', '8.7 MiB', '2.0 KiB', '1.0 MiB', '2', '3 of 4', '–', '–'],
    ]);
    expect(column(nodes, 'Silence')[1]?.look).toMatchObject({ tag: 'meter', tone: 'bad' });
  });

  test('a member of the cluster that is out of reach counts down to its next try', () => {
    expect(texts(tableOf(sections, 'Cluster'))).toEqual([
      ['9444@127.0.0.1', 'connected', '–', '–'],
      ['late@mesh', 'never reached', '3', '0:08'],
    ]);
    expect(
      viewSections('dist', { ...DIST, cluster: null }, TIMES).some(({ title }) => title === 'Cluster'),
    ).toBe(false);
  });
});

describe('procedures', () => {
  test('have calls a second, how they ended and by which route, and their load below', () => {
    const sections = viewSections('rpc', RPC, {
      ...TIMES,
      rate: (what) => (what === 'calls weather.report' ? 12.4 : null),
    });
    const table = tableOf(sections, 'Procedures');
    expect(texts(table)[1]).toEqual([
      'weather.report',
      '1',
      '1',
      '1,824',
      '12/s',
      '1.9 ms',
      '44 ms',
      'ok 1,800 · timeout 9 +1',
      'cache 480 +2',
    ]);
    expect(column(tableOf(table.rows[1]?.below ?? [], 'Providers here'), 'Running')[0]?.text).toBe('1 of 64');
  });

  test('a name that nobody serves is told from one that somebody does', () => {
    const table = tableOf(viewSections('registry', REGISTRY, TIMES), 'Cache of providers');
    expect(column(table, 'Providers').map(({ text }) => text)).toEqual(['1 found', 'nobody serves it']);
    expect(column(table, 'Kept for')[0]?.look).toMatchObject({ tag: 'countdown', whole: 60_000 });
  });
});

describe('rates', () => {
  test('are what a count has grown by since the answer before, and nothing where it has begun anew', () => {
    const rates = new Rates();
    rates.begin(1_000);
    expect(rates.of('a', 10)).toBe(null);
    rates.begin(2_000);
    expect(rates.of('a', 40)).toBe(30);
    expect(rates.of('b', 5)).toBe(null);
    // the same again, as when a tab is opened twice
    rates.begin(2_050);
    expect(rates.of('a', 41)).toBe(30);
    rates.begin(4_050);
    expect(rates.of('a', 1)).toBe(null);
    // b was not in the answer before
    expect(rates.of('b', 7)).toBe(null);
  });
});
