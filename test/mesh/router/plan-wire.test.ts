import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame } from '../../../src/codec/frame.ts';
import { call as validCall, reply as validReply } from '../../../src/codec/hot-messages.ts';
import type { CallPayload } from '../../../src/codec/payloads.ts';
import type { ValueMap } from '../../../src/codec/value.ts';
import type { Explanation } from '../../../src/mesh/router/explanation.ts';
import {
  explanationFromWire,
  explanationToWire,
  planOf,
  planToWire,
} from '../../../src/mesh/router/plan-wire.ts';
import type { CallPlan } from '../../../src/mesh/router/plan.ts';
import { STRATEGIES } from '../../../src/mesh/router/strategy.ts';

const CALL: CallPayload = { call_id: new Uint8Array(16), procedure: 'a.b', args: {}, timeout: 1, realm: 'r' };

const hexId = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));

const plans: fc.Arbitrary<CallPlan> = fc.record({
  forceRefresh: fc.boolean(),
  strategy: fc.option(fc.constantFrom(...STRATEGIES), { nil: undefined }),
  maxAttempts: fc.option(fc.integer({ min: 1, max: 10 }), { nil: undefined }),
  retry: fc.constant(undefined),
  target: fc.option(hexId, { nil: undefined }),
  explain: fc.boolean(),
});

const explanations: fc.Arbitrary<Explanation> = fc.record({
  tier: fc.constantFrom('local', 'cache', 'dht', 'direct', undefined),
  providers: fc.nat(),
  hops: fc.option(fc.nat(), { nil: undefined }),
  discovery: fc.nat(),
  attempts: fc.array(
    fc.record({
      node: hexId,
      route: fc.constantFrom('local', 'cache', 'dht', 'direct'),
      outcome: fc.constantFrom('ok', 'timeout', 'no_handler'),
      sent: fc.boolean(),
      ms: fc.nat(),
    }),
    { maxLength: 5 },
  ),
  ms: fc.nat(),
});

describe('a plan', () => {
  test('arrives as it left, in a call that the codec takes', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const payload = { ...CALL, ...planToWire(plan) };
        expect(validCall(payload as never as ValueMap)).toBe(undefined);
        expect(encodeFrame('call', payload, 65_536).ok).toBe(true);
        const empty =
          !plan.forceRefresh &&
          !plan.explain &&
          (plan.strategy ?? plan.maxAttempts ?? plan.target) === undefined;
        expect(planOf(payload)).toEqual(empty ? undefined : plan);
      }),
    );
  });

  test('a custom strategy stays at home, an unknown one is no strategy', () => {
    const plan = {
      forceRefresh: true,
      maxAttempts: undefined,
      retry: undefined,
      target: undefined,
      explain: false,
    };
    expect(planToWire({ ...plan, strategy: ([first]) => first! })).toEqual({ refresh: true });
    expect(planOf({ ...CALL, strategy: 'of_tomorrow' })).toMatchObject({ strategy: undefined });
  });

  test('a peer has us try ten providers at most', () => {
    expect(planOf({ ...CALL, max_attempts: 1_000_000 })).toMatchObject({ maxAttempts: 10 });
  });

  test.each([
    ['refresh', 1],
    ['strategy', ''],
    ['strategy', 7],
    ['max_attempts', 0],
    ['max_attempts', 1.5],
    ['explain', 'yes'],
  ])('the codec refuses a call whose %s is %j', (field, value) => {
    expect(validCall({ ...CALL, [field]: value } as never as ValueMap)).toBe(field);
  });
});

describe('an explanation', () => {
  test('arrives as it left, in a reply that the codec takes', () => {
    fc.assert(
      fc.property(explanations, (explanation) => {
        const told = explanationToWire(explanation);
        const payload = { call_id: CALL.call_id, result: 1, explanation: told };
        expect(validReply(payload)).toBe(undefined);
        expect(explanationFromWire(told)).toEqual(explanation);
      }),
    );
  });

  test('whatever a peer writes there is read or left out, never thrown', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (attempts, rest) => {
        for (const value of [
          attempts,
          { attempts },
          { attempts: [rest, { node: rest, outcome: rest }], tier: rest },
        ]) {
          explanationFromWire(value as never);
        }
      }),
    );
    expect(explanationFromWire({ attempts: [1, {}], tier: 'x', ms: 'y' })).toMatchObject({
      attempts: [],
      tier: undefined,
      ms: 0,
    });
    expect(validReply({ call_id: CALL.call_id, result: 1, explanation: 7 } as never as ValueMap)).toBe(
      'explanation',
    );
  });
});
