import { describe, expect, test } from 'vitest';
import { LocalMember } from '../../src/cli/demo/local-member.ts';
import { stepLine } from '../../src/cli/demo/prose.ts';
import { asExpected, assemble, newTale, planFor, ROLES, succeed, tell } from '../../src/cli/demo/story.ts';
import type { Way } from '../../src/cli/demo/orders.ts';
import type { Audience, Role, Step, Told } from '../../src/cli/demo/story.ts';
import { meshWorld } from '../mesh-world.ts';

const PLAN = planFor(false);

const told = (change: (step: Step) => Step = (step) => step): Told => ({
  ...newTale(),
  steps: PLAN.map(({ name, procedure, route, expected: outcome, path }) =>
    change({
      name,
      procedure,
      route,
      outcome,
      micros: 1,
      ...(path === undefined ? {} : { way: path === 'first' ? RELAYED : PUNCHED }),
    }),
  ),
});
const RELAYED: Way = { path: 'relayed', via: 'ab'.repeat(32) };
const PUNCHED: Way = { path: 'punched', via: '' };

describe('the story of the demo', () => {
  test('is good only when every step was told, found its provider and ended as it should', () => {
    expect(asExpected(told(), PLAN)).toBe(true);
    expect(asExpected(told(), planFor(true))).toBe(false);
    for (const { name } of PLAN) {
      const failed = (step: Step): Step => (step.name === name ? { ...step, outcome: 'canceled' } : step);
      expect(asExpected(told(failed), PLAN)).toBe(false);
      const astray = (step: Step): Step => (step.name === name ? { ...step, route: null } : step);
      expect(asExpected(told(astray), PLAN)).toBe(false);
    }
    for (const way of [RELAYED, PUNCHED])
      expect(
        asExpected(
          told((step) => (step.way === undefined ? step : { ...step, way })),
          PLAN,
        ),
      ).toBe(false);
    expect(asExpected({ ...told(), steps: told().steps.slice(0, -1) }, PLAN)).toBe(false);
    expect(asExpected(newTale(), PLAN)).toBe(false);
  });

  test('is told by members in one process over the in-memory transport, and can go on after it', async () => {
    const { network, clock, runtime, settle } = meshWorld();
    const members: LocalMember[] = [];
    const member = (): LocalMember => {
      const host = `198.18.${members.length}.1`;
      const transport = network.transport(host);
      const world = { transport, listen: `${host}:9443`, realm: 'demo', runtime: runtime() };
      const made = new LocalMember({ world, clock, kill: () => network.faults.kill(host) });
      members.push(made);
      return made;
    };
    const cast = Object.fromEntries(ROLES.map((role) => [role, member()])) as Record<Role, LocalMember>;
    const heard: string[] = [];
    const tale = newTale();
    try {
      const places = await settle(assemble(cast, 'https://198.19.255.1:9', 'secret'));
      const audience: Audience = {
        onStep: ({ name }) => heard.push(name),
        onTree: (moment) => heard.push(moment),
      };
      await settle(tell(cast, places, tale, audience, PLAN));
      const { url, page } = await settle(succeed(cast, places, member()));
      expect(url).toBe(places.caller.url);
      expect(page).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?t=[\w-]{32}$/);
    } finally {
      await settle(Promise.all(members.map((one) => one.end())));
    }
    expect(tale.steps.map(({ name, route, outcome }) => [name, route, outcome])).toEqual(
      PLAN.map(({ name, route, expected }) => [name, route, expected]),
    );
    const [failover, lost] = tale.steps.slice(-3);
    expect(failover?.attempts?.map(({ outcome, sent }) => [outcome, sent])).toEqual([
      ['connection_error', true],
      ['ok', true],
    ]);
    expect(lost?.error?.details).toMatchObject({ sent: true });
    const ways = tale.steps.flatMap(({ way }) => (way === undefined ? [] : [way]));
    expect(ways).toEqual([
      { path: 'relayed', via: expect.stringMatching(/^[0-9a-f]{64}$/) },
      { path: expect.stringMatching(/^(direct|punched)$/), via: '' },
    ]);
    expect(heard).toEqual(PLAN.flatMap(({ name, tree }) => [...(tree === undefined ? [] : [tree]), name]));
  });

  test('a step is one line: name, procedure, route, outcome, latency, value or reason', () => {
    const step = {
      name: 'local',
      procedure: 'a.b',
      route: 'local',
      outcome: 'ok',
      micros: 1_234,
      value: { x: 1 },
    };
    expect(stepLine(step)).toMatch(/^local +a\.b +local +ok +1\.23 ms +\{"x":1\}$/);
    expect(stepLine({ ...step, way: RELAYED })).toMatch(/ \{"x":1\}, relayed by (ab){8}$/);
    expect(stepLine({ ...step, way: PUNCHED })).toMatch(/ \{"x":1\}, punched$/);
    const error = { tag: 'timeout', message: 'no answer', retryable: true, details: {} };
    expect(
      stepLine({ name: 'late', procedure: 'a.b', route: null, outcome: 'timeout', micros: 5, error }),
    ).toMatch(/^late +a\.b +- +timeout +0\.01 ms +no answer$/);
  });
});
