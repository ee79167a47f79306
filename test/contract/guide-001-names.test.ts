/**
 * Guide 001, names: one test per built row of docs/from-macula.md, in its order.
 */
import { expect, test } from 'vitest';
import {
  appFact,
  appHope,
  buildTopic,
  lintName,
  orgFact,
  orgHope,
  parseTopic,
  realmFact,
  realmHope,
  validateTopic,
} from '../../src/index.ts';
import { contextOf } from '../mesh-world.ts';
import { onBothPaths, openMesh } from './mesh.ts';

const REALM = 'io.macula';
const ORG = 'beam-campus';
const APP = 'hecate';
const ADD = 'io.macula/beam-campus/hecate/math/add_v1';

const add = ({ a, b }: { a: number; b: number }): object => ({ result: a + b });

test('001-name-builder: one builder for each tier and intent, and one for all slots', () => {
  expect(appHope(REALM, ORG, APP, 'math', 'add', 1)).toBe(ADD);
  expect(appFact(REALM, ORG, APP, 'math', 'added', 1)).toBe('io.macula/beam-campus/hecate/math/added_v1');
  expect(orgHope(REALM, ORG, 'licensing', 'grant', 2)).toBe('io.macula/beam-campus/_org/licensing/grant_v2');
  expect(orgFact(REALM, ORG, 'licensing', 'granted', 2)).toBe(
    'io.macula/beam-campus/_org/licensing/granted_v2',
  );
  expect(realmHope(REALM, 'auth', 'check_health', 1)).toBe('io.macula/_realm/_realm/auth/check_health_v1');
  expect(realmFact(REALM, 'auth', 'revoked', 1)).toBe('io.macula/_realm/_realm/auth/revoked_v1');
  const parts = { realm: REALM, org: ORG, app: APP, domain: 'math', name: 'add', version: 1 };
  expect(buildTopic(parts)).toBe(ADD);
  expect(() => appHope(REALM, ORG, APP, 'math', 'Add', 1)).toThrow('name: ');
});

test('001-name-inline-rejected: any string of either form is taken; canonical refuses dotted ones', async () => {
  const { world, alice } = await openMesh();
  for (const name of [ADD, 'math.numbers.add']) await world.settle(alice.advertise(name, add));
  for (const name of ['math', 'io.macula/math/add', 'io.macula/o/a/math/add'])
    expect((await world.failure(alice.advertise(name, add))).tag).toBe('invalid_args');
  const { world: strict, alice: careful } = await openMesh({ clients: { names: 'canonical' } });
  await strict.settle(careful.advertise(ADD, add));
  expect((await strict.failure(careful.advertise('math.numbers.add', add))).tag).toBe('invalid_args');
  expect((await strict.failure(careful.call('math.numbers.add'))).tag).toBe('invalid_args');
});

test('001-advertise-app: math/add of an app, by its builder', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    const handle = await world.settle(provider.advertise(appHope(REALM, ORG, APP, 'math', 'add', 1), add));
    expect(handle.procedure).toBe(ADD);
    expect(await world.settle(caller.call(ADD, { a: 20, b: 3 }))).toEqual({ result: 23 });
  });
});

test('001-advertise-realm: auth/check_health of the realm authority, by its builder', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    const name = realmHope(REALM, 'auth', 'check_health', 1);
    await world.settle(provider.advertise(name, () => ({ status: 'ok' })));
    expect(await world.settle(caller.call(name))).toEqual({ status: 'ok' });
  });
});

test('001-advertise-description: the option description', async () => {
  const { world, node } = await openMesh();
  const name = realmHope(REALM, 'auth', 'check_health', 1);
  await world.settle(node.advertise(name, () => ({}), { description: 'Realm health check' }));
  expect([...contextOf(node).advertised.values()]).toMatchObject([{ description: 'Realm health check' }]);
  const [found] = await world.settle(node.discover(name));
  expect(found?.metadata).toMatchObject({ description: 'Realm health check' });
});

test('001-call-add-example: 2 and 3 give 5', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    await world.settle(provider.advertise(ADD, add));
    expect(
      await world.settle(caller.call(appHope(REALM, ORG, APP, 'math', 'add', 1), { a: 2, b: 3 })),
    ).toEqual({
      result: 5,
    });
  });
});

test('001-call-weather-example: weather/get_current with a location', async () => {
  await onBothPaths(async ({ world, provider, caller }) => {
    const name = appHope(REALM, ORG, APP, 'weather', 'get_current', 1);
    await world.settle(
      provider.advertise(name, ({ location }: { location: string }) => ({ location, celsius: 7 })),
    );
    const weather = caller.call(name, { location: 'berlin' }, { timeout: 10_000 });
    expect(await world.settle(weather)).toEqual({ location: 'berlin', celsius: 7 });
  });
});

test('001-name-five-segments: realm, org, app, domain, name with its version at the end', () => {
  expect(parseTopic(ADD)).toEqual({
    ok: true,
    topic: {
      tier: 'app',
      realm: REALM,
      org: ORG,
      app: APP,
      domain: 'math',
      name: 'add',
      version: 1,
      topic: ADD,
    },
  });
  for (const wrong of ['io.macula/beam-campus/math/add_v1', `${ADD}/x`])
    expect(parseTopic(wrong)).toMatchObject({ ok: false, error: { tag: 'invalid_structure' } });
  for (const wrong of ['add', 'add_v0', 'add_v01', 'add_v'])
    expect(parseTopic(`io.macula/o/a/math/${wrong}`)).toMatchObject({
      error: { tag: 'missing_version_suffix' },
    });
});

test('001-name-shared-with-topics: what names a procedure is a valid topic', () => {
  expect(validateTopic(ADD)).toEqual({ ok: true, kind: 'topic' });
  expect(validateTopic('math.numbers.add').ok).toBe(false);
});

test('001-name-present-tense: a hope and a fact have one form, and neither tense is checked', () => {
  expect(appHope(REALM, ORG, APP, 'cart', 'added', 1)).toBe(appFact(REALM, ORG, APP, 'cart', 'added', 1));
  expect(lintName(appFact(REALM, ORG, APP, 'cart', 'add', 1))).toEqual([]);
});

test('001-name-tier-realm: org and app are _realm', () => {
  expect(parseTopic(realmHope(REALM, 'auth', 'check_health', 1))).toMatchObject({ topic: { tier: 'realm' } });
  expect(parseTopic('io.macula/_realm/hecate/auth/check_health_v1').ok).toBe(false);
});

test('001-name-tier-org: app is _org', () => {
  expect(parseTopic(orgHope(REALM, ORG, 'licensing', 'grant', 1))).toMatchObject({
    topic: { tier: 'org', org: ORG },
  });
  expect(parseTopic('io.macula/_org/hecate/licensing/grant_v1').ok).toBe(false);
});

test('001-name-tier-app: org and app are named', () => {
  expect(parseTopic(appHope(REALM, ORG, APP, 'math', 'add', 1))).toMatchObject({
    topic: { tier: 'app', org: ORG, app: APP },
  });
});

test('001-name-ids-in-args: lintName says so, and nothing refuses it', async () => {
  const name = appHope(REALM, ORG, APP, 'math', 'add_12345', 1);
  expect(lintName(name)).toMatchObject([{ rule: 'id_in_name', part: 'add_12345' }]);
  const { world, alice } = await openMesh();
  await world.settle(alice.advertise(name, add));
});

test('001-name-no-crud: lintName says so, and nothing refuses it', async () => {
  const name = appHope(REALM, ORG, APP, 'cart', 'create_item', 1);
  expect(lintName(name)).toMatchObject([{ rule: 'crud_verb', part: 'create' }]);
  const { world, alice } = await openMesh();
  await world.settle(alice.advertise(name, add));
});

test('001-name-example-app: io.macula/beam-campus/hecate/math/add_v1 is canonical, without a hint', () => {
  expect([validateTopic(ADD), lintName(ADD)]).toEqual([{ ok: true, kind: 'topic' }, []]);
});

test('001-name-example-realm: io.macula/_realm/_realm/auth/check_health_v1 is canonical, without a hint', () => {
  const name = 'io.macula/_realm/_realm/auth/check_health_v1';
  expect([validateTopic(name), lintName(name)]).toEqual([{ ok: true, kind: 'topic' }, []]);
});
