/** Every case of nat-classification.json, nat-strategy.json and port-predictor.json; an unknown `op` fails. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { classify } from '../../../src/mesh/nat/classification.ts';
import {
  DEFAULT_COUNT,
  HISTORY_SIZE,
  HISTORY_TTL,
  MAX_PORT,
  MIN_PORT,
  predictPorts,
} from '../../../src/mesh/nat/port-predictor.ts';
import { freshness } from '../../../src/mesh/nat/profile-cache.ts';
import { punchParameters, worstNat } from '../../../src/mesh/nat/punch-parameters.ts';
import { PunchSessions, stepPunch, newPunch } from '../../../src/mesh/nat/punch-session.ts';
import { RelayRegistry, selectRelay, type Relay } from '../../../src/mesh/nat/relay-registry.ts';
import { RELAY_LIMITS, RelaySessions, type RelayEnd } from '../../../src/mesh/relay/relay-sessions.ts';
import { Relays } from '../../../src/mesh/relay/relays.ts';
import { dialDirection, punchFeasible, strategyFor } from '../../../src/mesh/nat/strategy.ts';
import {
  canReceiveUnsolicited,
  relayCapable,
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
    case 'relayCapable':
      return ok(
        relayCapable({
          canReceiveUnsolicited: input['canReceiveUnsolicited'] === true,
          localIp: input['localIp'] as string,
          reflexiveIp: (input['reflexiveIp'] ?? undefined) as string | undefined,
          localIsPublic: input['localIsPublic'] === true,
        }),
      );
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
    case 'dialDirection': {
      const who = dialDirection(natOf(input['initiator']), natOf(input['target']));
      return ok(who === 'target' ? 'target dials back to the initiator' : who);
    }
    case 'session':
      return ok(timedOut(input['afterMs'] as number));
    case 'cancel':
      return new PunchSessions().cancel(input['ref'] as string, 0);
    case 'relayNode':
      return relayNode(input);
    case 'relayRegistry':
      return ok(registry(input['ops'] as readonly string[], input['max'] as number | undefined));
    case 'selectRelay': {
      const { relays, ...wanted } = input as unknown as { readonly relays: readonly Relay[] };
      const chosen = selectRelay(relays, wanted);
      return chosen.ok ? ok(chosen.relay.id) : chosen;
    }
    case 'port-predictor':
      return ok(predictPorts(input as unknown as Parameters<typeof predictPorts>[0]));
    case 'limits':
      return ok({
        historySize: HISTORY_SIZE,
        historyTtlSeconds: HISTORY_TTL / 1_000,
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

function registry(ops: readonly string[], max?: number): readonly number[] {
  const relays = new RelayRegistry(max);
  return ops.map((op) => {
    const [verb, id = ''] = op.split(' ');
    if (verb === 'register') relays.register({ id, load: 0, capacity: 100, latency: 1 }, 0);
    else if (verb === 'unregister') relays.unregister(id);
    else if (verb !== 'none') throw new Error(`unknown op ${op}`);
    return relays.size;
  });
}

/** So that a case that is lost is noticed. */
const COUNTS = { 'nat-classification': 51, 'nat-strategy': 65, 'port-predictor': 12 };

describe.each(Object.entries(COUNTS))('%s', (subject, count) => {
  const cases = casesOf(subject);
  test('has all its cases', () => {
    expect(cases).toHaveLength(count);
  });
  test.each(cases.map((entry) => [entry.name, entry] as const))(
    '%s',
    (_name, { input, expect: expected }) => {
      expect(run(input, subject)).toMatchObject(expected as object);
    },
  );
});
