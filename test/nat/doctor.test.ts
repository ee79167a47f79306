/**
 * `espalier doctor --nat` behind each kind of the kernel's NAT, with two stations at hosts of their own that are peered: what
 * it measures is what `natlab.sh` has built.
 */
import { afterEach, expect, test } from 'vitest';
import { isSkipped, Lab, OTHER_STATION, REALM, stationUrl, STATION, type NatType } from './lab.ts';

interface Document {
  readonly ok: boolean;
  readonly nat?: { readonly filtering: string };
  readonly checks: readonly { readonly name: string; readonly status: string; readonly detail: string }[];
}

/** Mapping, filtering and allocation as SPEC §8.1 names them. */
const TYPES: readonly (readonly [NatType, object])[] = [
  ['none', { behindNat: false, mapping: 'ei', filtering: 'ei', allocation: 'pp' }],
  ['fullcone', { behindNat: true, mapping: 'ei', filtering: 'ei', allocation: 'pp' }],
  ['addr', { behindNat: true, mapping: 'ei', filtering: 'hd', allocation: 'pp' }],
  ['port', { behindNat: true, mapping: 'ei', filtering: 'pd', allocation: 'pp' }],
  ['sym', { behindNat: true, mapping: 'hd', filtering: 'pd', allocation: 'rd' }],
];

/** A station that was up first knows the other one as its peer a few seconds later; no more checks than that takes. */
const CHECKS = 5;

let lab: Lab;
afterEach(() => lab?.down());

async function examine(type: NatType): Promise<Document> {
  lab = new Lab(type, 'port');
  const urls = [stationUrl(STATION), stationUrl(OTHER_STATION)];
  const [one, other] = await Promise.all(
    [STATION, OTHER_STATION].map((host) => lab.station(host, { station: { peers: urls } })),
  );
  const peered = { peer: other?.id ?? '', paths: ['direct'], within: 10_000 } as const;
  expect(await one?.do('until', peered)).toBeDefined();
  for (let left = CHECKS; ; left--) {
    const text = await lab.espalier('a', 'doctor', '--nat', urls.join(','), '--realm', REALM, '--json');
    const document = JSON.parse(text) as Document;
    if (left === 1 || document.nat?.filtering !== 'unknown') return document;
    // so that both stations are strangers again
    if (type !== 'none') lab.forget('natA');
  }
}

test.skipIf(isSkipped('the NAT check')).each(TYPES)('says of %s what it is', async (type, measured) => {
  const { ok, nat, checks } = await examine(type);
  expect(nat, JSON.stringify(checks)).toMatchObject(measured);
  expect(ok).toBe(true);
});

test.skipIf(isSkipped('the NAT check'))('says where UDP is blocked that no station answers', async () => {
  const { ok, nat, checks } = await examine('blocked');
  expect(nat).toBeUndefined();
  expect(ok).toBe(false);
  expect(checks.map(({ name, status }) => `${name} ${status}`)).toEqual([
    'station fail',
    'station fail',
    'nat fail',
  ]);
});
