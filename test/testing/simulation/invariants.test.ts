/**
 * Every invariant can fail: what breaks it is found, and what does not is left alone.
 */
import { expect, test } from 'vitest';

import type { CallKind } from '../../../src/testing/simulation/configuration.ts';
import { Diary } from '../../../src/testing/simulation/diary.ts';
import { ranOnce, repliedOnce, settledOnce } from '../../../src/testing/simulation/invariants/calls.ts';
import { INVARIANTS } from '../../../src/testing/simulation/invariants/invariant.ts';
import { asBefore, nothingLeft } from '../../../src/testing/simulation/invariants/leftovers.ts';
import { converged, withinCap } from '../../../src/testing/simulation/invariants/links.ts';
import {
  answeredOnce,
  balanced,
  inOrder,
  stoppedInReverse,
  toldOnce,
} from '../../../src/testing/simulation/invariants/messages.ts';
import {
  bounded,
  linkedToLiving,
  namedOnce,
  noOrphans,
  type ProcessFacts,
} from '../../../src/testing/simulation/invariants/processes.ts';
import { found } from '../../../src/testing/simulation/invariants/resolution.ts';
import { withinIntensity, type RestartFacts } from '../../../src/testing/simulation/invariants/restarts.ts';
import {
  attachedToLiving,
  givenBack,
  withinLimits,
  type AttachmentFacts,
} from '../../../src/testing/simulation/invariants/ways.ts';
import { Ledger } from '../../../src/testing/simulation/ledger.ts';

/** A ledger with one call of deadline 1,000. */
function called(kind: CallKind = 'plain'): Ledger {
  const ledger = new Ledger();
  ledger.called(1, kind, 1_000);
  return ledger;
}

const process = (facts: Partial<ProcessFacts> = {}): ProcessFacts => ({
  serial: 2,
  label: 'one',
  stopping: false,
  parent: { serial: 1, alive: true },
  isRoot: false,
  queued: 0,
  bound: 1_000,
  names: [],
  links: [],
  ...facts,
});

/** Two messages from 1 to 2, both received. */
function diary(): Diary {
  const made = new Diary();
  made.pair(1, 2).accepted = 2;
  made.received(1, 2, 0);
  made.received(1, 2, 1);
  return made;
}

const alive =
  (...serials: number[]) =>
  (serial: number): number | undefined =>
    serials.includes(serial) ? 0 : undefined;

test('1: a message that comes twice, too early, or was never sent is found', () => {
  expect([...inOrder(diary())]).toEqual([]);
  const twice = diary();
  twice.received(1, 2, 1);
  expect([...inOrder(twice)]).toEqual([
    'messages from 1 to 2: 1 instead of 2 came',
    '3 messages from 1 to 2 came, 2 were sent',
  ]);
  const early = new Diary();
  early.pair(1, 2).accepted = 2;
  early.received(1, 2, 1);
  expect([...inOrder(early)]).toEqual(['messages from 1 to 2: 1 instead of 0 came']);
});

test('2: a call that settles twice, late or never is found; one that waits for its deadline is not', () => {
  const once = called();
  expect([...settledOnce(once.calls, 1_000)]).toEqual([]);
  expect([...settledOnce(once.calls, 1_006)]).toEqual(['call 1 (plain) is open 6 ms after its deadline']);
  once.settled(1, 'ok', 1_005);
  expect([...settledOnce(once.calls, 9_000)]).toEqual([]);
  once.settled(1, 'ok', 1_005);
  expect([...settledOnce(once.calls, 9_000)]).toEqual(['call 1 (plain) settled 2 times']);
  const late = called();
  late.settled(1, 'timeout', 1_500);
  expect([...settledOnce(late.calls, 9_000)]).toEqual(['call 1 (plain) settled 500 ms late']);
});

test('2: a question of a probe that settles twice or never is found; one that waits for its deadline is not', () => {
  const asked = new Diary();
  const question = asked.asked(1, 100);
  expect([...answeredOnce(asked, 100)]).toEqual([]);
  expect([...answeredOnce(asked, 105)]).toEqual([]);
  expect([...answeredOnce(asked, 106)]).toEqual(['a question of 1 is open 6 ms after its deadline']);
  question.settled = 1;
  expect([...answeredOnce(asked, 106)]).toEqual([]);
  question.settled = 2;
  expect([...answeredOnce(asked, 0)]).toEqual(['a question of 1 settled 2 times']);
});

test('2: an answer that comes a second time is found; a late one to a call that was given up is none', () => {
  const replies = { member: 'a', answered: true, late: 0 };
  expect([...repliedOnce([replies, { ...replies, answered: false, late: 1 }])]).toEqual([]);
  expect([...repliedOnce([{ ...replies, late: 1 }])]).toEqual(['a got 1 answers to calls that were settled']);
});

test('3: a handler that runs twice is found; a repeated call may run once at each of two providers', () => {
  for (const kind of ['plain', 'keyed', 'idempotent'] as const) {
    const ledger = called(kind);
    ledger.ran(1, 'a');
    expect([...ranOnce(ledger.calls)]).toEqual([]);
  }
  const plain = called();
  plain.ran(1, 'a');
  plain.ran(1, 'b');
  expect([...ranOnce(plain.calls)]).toEqual(['the handler of call 1 (plain) ran 2 times: a b']);
  const keyed = called('keyed');
  keyed.ran(1, 'a');
  keyed.ran(1, 'b');
  expect([...ranOnce(keyed.calls)]).toEqual([]);
  keyed.ran(1, 'b');
  expect([...ranOnce(keyed.calls)]).toEqual(['call 1 (keyed) ran 2 times at b']);
  const runaway = called('idempotent');
  for (let n = 0; n < 9; n++) runaway.ran(1, 'a');
  expect([...ranOnce(runaway.calls)]).toHaveLength(1);
});

test('4: who lives without a living supervisor is found; the root and who is stopping are not', () => {
  const root = process({ label: 'node', parent: undefined, isRoot: true });
  expect([...noOrphans([root, process(), process({ parent: undefined, stopping: true })])]).toEqual([]);
  expect([...noOrphans([process({ parent: undefined })])]).toEqual(['one (2) lives without a supervisor']);
  expect([...noOrphans([process({ parent: { serial: 1, alive: false } })])]).toEqual([
    'one (2) lives, its supervisor (1) is dead',
  ]);
});

test('5: a supervisor that restarts once too often and lives is found; the window includes its edge', () => {
  const facts = (facts: Partial<RestartFacts>): RestartFacts => ({
    label: 'sup',
    serial: 1,
    restarts: [0, 1, 5_000],
    intensity: 2,
    period: 5_000,
    alive: true,
    ...facts,
  });
  expect([...withinIntensity([facts({})])]).toEqual([
    'sup (1) restarted 3 times in 5000 ms and lives: 2 in 5000 ms',
  ]);
  expect([...withinIntensity([facts({ alive: false })])]).toEqual([]);
  expect([...withinIntensity([facts({ restarts: [0, 1, 5_001] })])]).toEqual([]);
  expect([...withinIntensity([facts({ restarts: [0], intensity: 0 })])]).toHaveLength(1);
});

test('6: a child that is stopped after one that was started before it is found', () => {
  const stops = new Diary();
  for (const order of [2, 1, 0]) stops.stopped(7, order);
  stops.started(7);
  for (const order of [2, 0]) stops.stopped(7, order);
  expect([...stoppedInReverse(stops)]).toEqual([]);
  stops.stopped(7, 1);
  expect([...stoppedInReverse(stops)]).toEqual(['supervisor 7 stopped child 1 after child 0']);
});

test('7: a mailbox beyond its bound, and a message that vanished on the way to the living, are found', () => {
  expect([...bounded([process({ queued: 2_000 })])]).toEqual([]);
  expect([...bounded([process({ queued: 2_001 })])]).toEqual(['one (2) has 2001 messages, 1000 at most']);
  const lost = diary();
  lost.pair(1, 2).accepted = 4;
  expect([...balanced(lost, 1_000, (serial) => (serial === 2 ? 2 : 0))]).toEqual([]);
  expect([...balanced(lost, 1_000, alive(1))]).toEqual([]);
  expect([...balanced(lost, 1_000, alive(1, 2))]).toEqual(['of 4 messages from 1 to 2 2 came and 0 wait']);
  lost.pair(1, 2).deepest = 1_001;
  expect([...balanced(lost, 1_000, alive(1))]).toEqual(['1001 messages from 1 to 2 waited, 1000 at most']);
});

test('8: a DOWN too many, too early or missing is found', () => {
  const watches = new Diary();
  const watch = watches.watch(1, 2);
  expect([...toldOnce(watches, alive(1, 2))]).toEqual([]);
  expect([...toldOnce(watches, alive())]).toEqual([]);
  expect([...toldOnce(watches, (serial) => (serial === 1 ? 1 : undefined))]).toEqual([]);
  expect([...toldOnce(watches, alive(1))]).toEqual(['1 got no DOWN of 2, which is dead']);
  watch.notices = 1;
  expect([...toldOnce(watches, alive(1))]).toEqual([]);
  expect([...toldOnce(watches, alive(1, 2))]).toEqual(['1 got a DOWN of 2, which lives']);
  watch.notices = 2;
  expect([...toldOnce(watches, alive(1))]).toEqual(['1 got 2 DOWNs for one monitor of 2']);
});

test('8: a DOWN of a monitor that was given up is found, and that none comes is not', () => {
  const watches = new Diary();
  const watch = watches.watch(1, 2);
  watch.released = true;
  expect([...toldOnce(watches, alive(1))]).toEqual([]);
  watch.notices = 1;
  expect([...toldOnce(watches, alive(1))]).toEqual(['1 got a DOWN of 2, whose monitor it had given up']);
});

test('8: an EXIT too many or missing is found, and so is a link to the dead', () => {
  const watches = new Diary();
  watches.watch(1, 2, 'link');
  watches.watch(1, 3, 'link');
  watches.watch(1, 2);
  expect([...toldOnce(watches, alive(1, 3))]).toEqual([
    '1 got no EXIT of 2, which is dead',
    '1 got no DOWN of 2, which is dead',
  ]);
  watches.exited(1, 2);
  expect([...toldOnce(watches, alive(1, 3))]).toEqual(['1 got no DOWN of 2, which is dead']);
  watches.exited(1, 2);
  expect([...toldOnce(watches, alive(1, 3))]).toContain('1 got 2 EXITs for one link of 2');
  const links = [
    { serial: 3, alive: true },
    { serial: 4, alive: false },
  ];
  expect([...linkedToLiving([process({ links })])]).toEqual(['one (2) is linked to 4, which is dead']);
});

test('9: a name that two hold is found', () => {
  const names = ['0:router'];
  expect([...namedOnce([process({ names }), process({ serial: 3, names: ['1:router'] })])]).toEqual([]);
  expect([...namedOnce([process({ names }), process({ serial: 3, names })])]).toEqual([
    '0:router is the name of 2 and of 3',
  ]);
});

test('13: a connection that queues more than its cap is found', () => {
  const link = { member: 'a', peer: 'b'.repeat(64), queued: 100 };
  expect([...withinCap([link], 100)]).toEqual([]);
  expect([...withinCap([link], 99)]).toEqual(['a has 100 bytes queued for bbbbbbbb, 99 at most']);
});

test('15 and 20: a service that is served and not found is told', () => {
  expect([...found([{ from: 'a', service: 's', how: 'ok' }])]).toEqual([]);
  expect([...found([{ from: 'a', service: 's', how: 'timeout' }])]).toEqual([
    's, which is served, called from a: timeout',
  ]);
});

test('16: a connection to the dead and a second one to the living are found', () => {
  const link = (peer: string | undefined): { member: string; peer: string | undefined; queued: number } => ({
    member: 'a',
    peer,
    queued: 0,
  });
  const living = new Set(['b', 'c']);
  expect([...converged([link('b'), link('c'), link(undefined), link(undefined)], living)]).toEqual([]);
  expect([...converged([link('d')], living)]).toEqual(['a has a connection to d, which is dead']);
  expect([...converged([link('b'), link('b')], living)]).toEqual(['a has two connections to b']);
});

test('17: a node is attached to each of its stations that live, a client to one', () => {
  const facts = (connected: readonly string[], one: boolean): AttachmentFacts => ({
    member: 'a',
    live: ['b', 'c'],
    connected: new Set(connected),
    one,
  });
  expect([...attachedToLiving([facts(['b', 'c'], false), facts(['c'], true)])]).toEqual([]);
  expect([...attachedToLiving([{ ...facts([], false), live: [] }])], 'all are dead').toEqual([]);
  expect([...attachedToLiving([facts(['c'], false)])]).toEqual(['a is not attached to b, which live']);
  expect([...attachedToLiving([facts([], true)])]).toEqual(['a is not attached to b, c, which live']);
});

test('18: a relay session that outlives both its ends is found, one that is used again is not', () => {
  const since = new WeakMap<object, number>();
  const session = { session: {}, name: 's', used: false };
  const look = (now: number, used: boolean): readonly string[] => [
    ...givenBack('a', [{ ...session, used }], now, 40, since),
  ];
  expect(look(0, false)).toEqual([]);
  expect(look(40, false)).toEqual([]);
  expect(look(41, false)).toEqual(['a keeps session s, whose ends are gone']);
  expect(look(42, true)).toEqual([]);
  expect(look(82, false)).toEqual([]);
  expect(look(122, false)).toEqual([]);
});

test('18: more relay sessions than there may be are found', () => {
  const facts = { member: 'a', own: 2, mostOwn: 2, passed: 3, mostPassed: 3 };
  expect([...withinLimits(facts)]).toEqual([]);
  expect([...withinLimits({ ...facts, own: 3, passed: 4 })]).toEqual([
    'a has 3 relay sessions, 2 at most',
    'a passes on 4 sessions, 3 at most',
  ]);
});

test('18: an open call, an invocation, a lookup or an actor too many is found', () => {
  const load = { calls: 0, invocations: 0, lookups: 0, seekers: 0, actors: 20, timers: 6 };
  expect([...asBefore('a', load, load)]).toEqual([]);
  expect([...asBefore('a', load, undefined)]).toEqual([]);
  const more = { calls: 1, invocations: 2, lookups: 3, seekers: 4, actors: 21, timers: 11 };
  expect([...asBefore('a', more, load)]).toEqual([
    'a has 1 open calls',
    'a has 2 invocations',
    'a has 3 lookups that do not end',
    'a has 4 attempts to find a way that do not end',
    'a has 21 actors, it had 20',
    'a has 11 timers, it had 6',
  ]);
  expect([...asBefore('a', { ...load, timers: 10 }, load)], 'what is tried again').toEqual([]);
});

test('19: whatever is left after the end is found', () => {
  expect([...nothingLeft([{ member: 'a', actors: 0, timers: 0 }], 0, 0)]).toEqual([]);
  expect([...nothingLeft([{ member: 'a', actors: 1, timers: 2 }], 3, 4)]).toEqual([
    '1 actors of a are left',
    '2 timers of a are left',
    '3 sockets are left',
    '4 timers of the clock are left',
  ]);
});

test('there are twenty; only those whose part does not exist yet say why they are not looked at', () => {
  expect(Object.keys(INVARIANTS)).toEqual(Array.from({ length: 20 }, (_, n) => String(n + 1)));
  const notYet = Object.entries(INVARIANTS).filter(([, { notYet: why }]) => why !== undefined);
  expect(notYet.map(([number]) => Number(number))).toEqual([12]);
});
