/** Every case of nat-classification.json, nat-strategy.json and port-predictor.json; an unknown `op` fails. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { classify } from '../../../src/mesh/nat/detection/classification.ts';
import {
  DEFAULT_COUNT,
  MAX_PORT,
  MIN_PORT,
  predictPorts,
} from '../../../src/mesh/nat/punch/port-predictor.ts';
import { freshness } from '../../../src/mesh/nat/detection/freshness.ts';
import { punchParameters, worstNat } from '../../../src/mesh/nat/punch/punch-parameters.ts';
import { stepPunch, newPunch } from '../../../src/mesh/nat/punch/punch-session.ts';
import { selectRelay, type Relay } from '../../../src/mesh/nat/traversal/select-relay.ts';
import { RELAY_LIMITS, RelaySessions, type RelayEnd } from '../../../src/mesh/relay/relay-sessions.ts';
import { Relays } from '../../../src/mesh/relay/relays.ts';
import { punchFeasible, strategyFor } from '../../../src/mesh/nat/punch/strategy.ts';
import {
  canReceiveUnsolicited,
  requiresRelay,
  type NatClass,
  type NatKind,
} from '../../../src/mesh/nat/taxonomy.ts';

type Input = Readonly<Record<string, unknown>>;
interface Case {
  readonly name: string;
  readonly input: Input;
  readonly expect: unknown;
}

const casesOf = (subject: string): readonly Case[] =>
  (
    JSON.parse(readFileSync(new URL(`../../vectors/${subject}.json`, import.meta.url), 'utf8')) as {
      readonly cases: readonly Case[];
    }
  ).cases;

/** `ei/pd/pp`; null and `unknown` are a peer without a class. */
function natOf(text: unknown): NatClass | undefined {
  if (typeof text !== 'string' || text === 'unknown') return undefined;
  const [mapping, filtering, allocation] = text.split('/');
  return { mapping, filtering, allocation } as NatClass;
}

const ok = (value: unknown): object => ({ ok: value });

function run(input: Input, subject: string): unknown {
  switch (input['op'] ?? subject) {
    case 'nat-classification':
      return ok(classify(input['observations'] as Parameters<typeof classify>[0]));
    case 'derive': {
      const nat = input as unknown as NatClass;
      return ok({ canReceiveUnsolicited: canReceiveUnsolicited(nat), requiresRelay: requiresRelay(nat) });
    }
    case 'cacheAge': {
      const [age, ttl, grace] = ['ageSeconds', 'ttl', 'grace'].map((key) => (input[key] as number) * 1_000);
      return ok(freshness(age!, ttl, grace));
    }
    case 'nat-strategy':
      return ok(strategyFor(natOf(input['initiator']), natOf(input['target'])));
    case 'matrix':
      return ok(matrix(input['order'] as readonly string[]));
    case 'feasible':
      return ok(punchFeasible(natOf(input['profile'])));
    case 'worstNat':
      return ok(worstNat(input['a'] as NatKind, input['b'] as NatKind));
    case 'punchParameters': {
      const { timeouts, parallelPorts } = punchParameters(input['worst'] as NatKind);
      return ok({ timeoutsMs: timeouts, parallelPorts });
    }
    case 'session':
      return ok(timedOut(input['afterMs'] as number));
    case 'relayNode':
      return relayNode(input);
    case 'selectRelay': {
      const { relays, ...wanted } = input as unknown as { readonly relays: readonly Relay[] };
      const chosen = selectRelay(relays, wanted);
      return chosen.ok ? ok(chosen.relay.id) : chosen;
    }
    case 'port-predictor':
      return ok(predictPorts(input as unknown as Parameters<typeof predictPorts>[0]));
    case 'limits':
      return ok({
        minPort: MIN_PORT,
        maxPort: MAX_PORT,
        defaultCount: DEFAULT_COUNT,
      });
    default:
      throw new Error(`unknown op ${String(input['op'])}`);
  }
}

function matrix(order: readonly string[]): Readonly<Record<string, string>> {
  const letters = { direct: 'D', hole_punch: 'H', relay: 'R' };
  return Object.fromEntries(
    order.map((initiator) => [
      initiator,
      order.map((target) => letters[strategyFor(natOf(initiator), natOf(target))]).join(''),
    ]),
  );
}

/** Three attempts of which none is reported. */
function timedOut(after: number): string {
  let session = stepPunch(newPunch(0), { tag: 'ready' }, 0).session;
  const attempts: number[] = [session.attempts];
  for (let now = after; session.tag !== 'failed'; now += after) {
    session = stepPunch(session, { tag: 'elapsed' }, now).session;
    if (session.tag !== 'failed') attempts.push(session.attempts);
  }
  expect(attempts).toEqual([1, 2, 3]);
  expect(session).toMatchObject({ attempts: 3, reason: 'timeout' });
  return 'attempt counted; retried up to 3 times, then failed/timeout';
}

/** The station's table is the relay node; what it refuses with is what users of the mesh are told elsewhere too. */
function relayNode(input: Input): unknown {
  const {
    enabled = true,
    max = RELAY_LIMITS.sessions,
    active = 0,
    close,
  } = input as { [key: string]: number | undefined } & {
    readonly enabled?: boolean;
  };
  const relays = new Relays(
    (enabled as boolean) ? new RelaySessions({ ...RELAY_LIMITS, sessions: max }, 0) : undefined,
  );
  const { passed } = relays;
  if (passed === undefined) return { error: { tag: 'relay_not_enabled' } };
  const end = (nodeId: string): RelayEnd => ({ nodeId, at: () => undefined, isAt: () => false });
  const open = (index: number): string =>
    passed.open(`s${index}`, end(`source ${index}`), end(`target ${index}`), 0).tag;
  for (let index = 0; index < active; index++) expect(open(index)).toBe('opened');
  if (close !== undefined) {
    passed.close('s0');
    // the vector names what is left beside the one that is closed
    return ok({ active: passed.stats.sessions });
  }
  return open(active) === 'refused' ? { error: { tag: 'max_sessions_reached' } } : ok(true);
}

/** Rules that nothing here has a use for, and why. */
const UNUSED: Readonly<Record<string, string>> = {
  relayCapable: 'who is a station is told so by its operator',
  dialDirection: 'over the relayed connection each tells the other its addresses, and both dial',
  cancel: 'a punch ends with the actor that tries it',
  relayRegistry: 'stations are read from the records of whoever they lead to; no table of relays is kept',
};
for (const [op, why] of Object.entries(UNUSED)) process.stdout.write(`skipped: vectors of ${op}: ${why}\n`);

/** Fields of answers that nothing here has. */
const WITHOUT = ['historySize', 'historyTtlSeconds'];

/** So that a case that is lost is noticed. */
const COUNTS = { 'nat-classification': 51, 'nat-strategy': 65, 'port-predictor': 12 };

describe.each(Object.entries(COUNTS))('%s', (subject, count) => {
  const cases = casesOf(subject);
  test('has all its cases', () => {
    expect(cases).toHaveLength(count);
  });
  test.for(cases.map((entry) => [entry.name, entry] as const))(
    '%s',
    ([, { input, expect: expected }], { skip }) => {
      const why = UNUSED[String(input['op'])];
      skip(why !== undefined, why);
      const wanted = Object.entries(expected as Expected).map(([key, value]) => [key, comparable(value)]);
      expect(run(input, subject)).toMatchObject(Object.fromEntries(wanted) as object);
    },
  );
});

type Expected = Readonly<Record<string, unknown>>;

const comparable = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([key]) => !WITHOUT.includes(key)))
    : value;
