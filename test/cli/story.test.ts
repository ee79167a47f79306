import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/actor/clock.ts';
import { systemRandom } from '../../src/actor/random.ts';
import { LocalMember } from '../../src/cli/demo/local-member.ts';
import { stepLine } from '../../src/cli/demo/prose.ts';
import { asExpected, assemble, newTale, PLAN, tell, type Told } from '../../src/cli/demo/story.ts';
import { memoryNetwork } from '../../src/transport/memory/network.ts';

const told = (change: (name: string, outcome: string) => string = (_name, outcome) => outcome): Told => ({
  ...newTale(),
  steps: PLAN.map(({ name, procedure, expected }) => ({
    name,
    procedure,
    route: 'direct',
    outcome: change(name, expected),
    micros: 1,
  })),
});

describe('the story of the demo', () => {
  test('is good only when every step was told and had its expected outcome', () => {
    expect(asExpected(told())).toBe(true);
    for (const { name } of PLAN) {
      expect(asExpected(told((step, outcome) => (step === name ? 'connection_error' : outcome)))).toBe(false);
    }
    expect(asExpected({ ...told(), steps: told().steps.slice(0, -1) })).toBe(false);
    expect(asExpected(newTale())).toBe(false);
  });

  test('is told by members in one process over the in-memory transport', async () => {
    const network = memoryNetwork({ clock: systemClock, random: systemRandom });
    const member = (): LocalMember => new LocalMember({ transport: network.transport('127.0.0.1') });
    const cast = { node: member(), provider: member(), caller: member() };
    const heard: string[] = [];
    const tale = newTale();
    try {
      await assemble(cast);
      await tell(cast, tale, {
        onStep: ({ name }) => heard.push(name),
        onTree: (moment) => heard.push(moment),
      });
    } finally {
      await Promise.all([cast.provider.end(), cast.caller.end()]);
      await cast.node.end();
    }
    expect(asExpected(tale)).toBe(true);
    expect(heard).toEqual([
      'local',
      'remote',
      'handler_error',
      'before',
      'handler_crash',
      'after_crash',
      'after',
      'timeout',
      'shutdown',
    ]);
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
    const error = { tag: 'timeout', message: 'no answer', retryable: true, details: {} };
    expect(
      stepLine({ name: 'late', procedure: 'a.b', route: null, outcome: 'timeout', micros: 5, error }),
    ).toMatch(/^late +a\.b +- +timeout +0\.01 ms +no answer$/);
  });
});
