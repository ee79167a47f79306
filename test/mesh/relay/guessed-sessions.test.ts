/**
 * A station whose session ids somebody guesses: a million of them move nothing, and take no room (SECURITY §14).
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import {
  PER_PAIR,
  RELAY_LIMITS,
  RelaySessions,
  type RelayEnd,
} from '../../../src/mesh/relay/relay-sessions.ts';
import type { PhysicalAddress } from '../../../src/transport/transport.ts';

const MIB = 1_048_576;

const place = (port: number): PhysicalAddress => ({ host: '203.0.113.1', port });

const end = (nodeId: string, port: number): RelayEnd => ({
  nodeId,
  at: () => place(port),
  isAt: (from) => from.port === port,
});

/** Ids of 16 bytes, all different: what they are made of comes in one piece. */
function* guesses(count: number): Generator<string> {
  const random = seededRandom('guesses');
  for (let made = 0; made < count;) {
    const bytes = Buffer.from(random.bytes(64 * 1_024));
    for (let at = 0; at < bytes.length && made < count; at += 16, made++)
      yield bytes.toString('latin1', at, at + 16);
  }
}

/** A session of Alice and Bob, to which Bob has agreed. */
function station(): RelaySessions {
  const sessions = new RelaySessions(RELAY_LIMITS, 0);
  const opened = sessions.open('0123456789abcdef', end('alice', 1), end('bob', 2), 0);
  if (opened.tag === 'opened') opened.session.agreed = true;
  return sessions;
}

const goesOn = (sessions: RelaySessions): void => {
  expect(sessions.find('0123456789abcdef')?.agreed).toBe(true);
  expect(sessions.forward('0123456789abcdef', place(1), 1_200, 0)).toEqual(place(2));
};

/** Bytes on the heap that are in use. */
function inUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

test('a million guessed ids: nothing is passed on, ended or found by them, and nothing is kept of them', () => {
  const sessions = station();
  const before = { stats: sessions.stats, bytes: inUse() };
  let hits = 0;
  for (const id of guesses(1_000_000)) {
    // by somebody elsewhere, and by one of the ends
    if (sessions.forward(id, place(9), 1_200, 0) !== 'unknown') hits++;
    if (sessions.forward(id, place(1), 1_200, 0) !== 'unknown') hits++;
    if (sessions.find(id) !== undefined || sessions.close(id) !== undefined) hits++;
  }
  expect(hits).toBe(0);
  expect(sessions.stats).toEqual(before.stats);
  expect(inUse() - before.bytes).toBeLessThan(MIB);
  goesOn(sessions);
});

test('a hundred thousand sessions that one node asks for: it has its share and no more, others get theirs, and all is given back', () => {
  const sessions = station();
  const bytes = inUse();
  const mallory = end('mallory', 9);
  const targets = Array.from({ length: 40 }, (_, n) => end(`target ${n}`, 10 + n));
  let [opened, n] = [0, 0];
  for (const id of guesses(100_000)) {
    const target = targets[n++ % targets.length]!;
    if (sessions.open(id, mallory, target, 0).tag === 'opened') opened++;
  }
  expect(opened).toBeGreaterThan(RELAY_LIMITS.asked);
  expect(sessions.stats.sessions).toBe(1 + RELAY_LIMITS.asked);
  expect(inUse() - bytes).toBeLessThan(MIB);
  for (let twice = 0; twice < 2 * PER_PAIR; twice++)
    expect(sessions.open(`carol ${twice}`, end('carol', 3), end('bob', 2), 0).tag).toBe('opened');
  goesOn(sessions);
  // nobody has agreed to any of them
  for (const { id } of sessions.over(10_000)) sessions.close(id);
  expect(sessions.stats.sessions).toBe(1);
  goesOn(sessions);
});
