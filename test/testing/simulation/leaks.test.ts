/**
 * A lookup that a node makes for itself is no leak while it is young; one that outlives its time is. Timers of actors
 * that last are a leak when there are more and more of them.
 */
import { expect, test } from 'vitest';

import { actor } from '../../../src/mesh/context.ts';
import { startDynamicChild } from '../../../src/otp/dynamic-supervisor.ts';
import type { GenServer } from '../../../src/otp/gen-server.ts';
import { started } from '../../../src/otp/result.ts';
import { worker } from '../../../src/otp/supervisor.ts';
import { passingNow, quiet } from '../../../src/testing/simulation/judge-mesh.ts';
import { Ledger } from '../../../src/testing/simulation/ledger.ts';
import { contextOf, type Life } from '../../../src/testing/simulation/member.ts';
import { Mesh } from '../../../src/testing/simulation/mesh.ts';
import { loadOf } from '../../../src/testing/simulation/observe.ts';
import { configurationOf } from '../../../src/testing/simulation/plan.ts';

/** A lookup that never ends. */
const endless: GenServer<undefined, undefined> = {
  label: 'lookup',
  init: () => started(undefined, {}),
};

test('18: timers that an actor sets and never cancels are found, one or two of a pause are not', async () => {
  const mesh = new Mesh(configurationOf({ seed: 'timers', nodes: 2, clients: 0, faults: 0 }), new Ledger());
  await mesh.startAll();
  await mesh.clock.advance(15_000);
  const life = [...mesh.living()][0] as Life;
  life.baseline = loadOf(life, new Set());
  const { timers } = life.baseline;
  const found = (): readonly string[] => Array.from(quiet(mesh, new Set()), ({ detail }) => detail);
  const table = actor(contextOf(life), 'routingTable');
  if (table === undefined) throw new Error('no routing table');
  const leak = (): void => {
    life.runtime.sendAfter(3_600_000, table, 'never');
  };
  for (let n = 0; n < 4; n++) leak();
  expect(found()).toEqual([]);
  leak();
  expect(found()).toEqual([`node-0.1 has ${timers + 5} timers, it had ${timers}`]);
  await mesh.stopAll();
});

test('18: a lookup that lives longer than the longest may is found, a younger one is not', async () => {
  const mesh = new Mesh(configurationOf({ seed: 'leak', nodes: 2, clients: 0, faults: 0 }), new Ledger());
  await mesh.startAll();
  await mesh.clock.advance(15_000);
  const life = [...mesh.living()][0] as Life;
  life.baseline = loadOf(life, new Set());
  const found = (late: ReturnType<typeof passingNow>): readonly string[] =>
    Array.from(quiet(mesh, late), ({ detail }) => detail);
  const before = passingNow(mesh);
  const lookups = actor(contextOf(life), 'lookups');
  if (lookups === undefined) throw new Error('no lookups');
  await startDynamicChild(lookups, worker('lookup', endless, undefined, { restart: 'temporary' }));
  await mesh.clock.settle();
  expect(passingNow(mesh).size).toBe(before.size + 1);
  expect(found(before)).toEqual([]);
  const late = passingNow(mesh);
  await mesh.clock.advance(10_500);
  expect(found(late)).toEqual(['node-0.1 has 1 lookups that do not end']);
  await mesh.stopAll();
});
