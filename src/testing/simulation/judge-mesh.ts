/**
 * Asks every invariant about a running mesh. Thin: facts are gathered here, the rules are in `invariants/`.
 */
import { MAILBOX_BOUND } from '../../actor/process.ts';
import { K } from '../../mesh/dht/contact.ts';
import { soundRecords, soundTable } from './invariants/dht.ts';
import type { Violation } from './invariants/invariant.ts';
import { ranOnce, settledOnce } from './invariants/calls.ts';
import { asBefore, nothingLeft } from './invariants/leftovers.ts';
import { converged, withinCap } from './invariants/links.ts';
import { answeredOnce, balanced, inOrder, stoppedInReverse, toldOnce } from './invariants/messages.ts';
import { attachedToLiving, givenBack, withinLimits } from './invariants/ways.ts';
import { bounded, linkedToLiving, namedOnce, noOrphans } from './invariants/processes.ts';
import { withinIntensity } from './invariants/restarts.ts';
import { processesOf, type Life } from './member.ts';
import type { Mesh } from './mesh.ts';
import { attachmentFacts, ownSessions, passedSessions, seekersOf, wayFacts } from './observe-ways.ts';
import { linkFacts, loadOf, lookupsOf, processFacts, recordFacts, tableFacts } from './observe.ts';

/** Milliseconds for which a session may outlive its ends. */
const UNUSED = 40_000;
/** Bytes queued on one link: the transport's default. */
const CAP = 8_388_608;

/** Records whose signature was looked at, or was not worth it. */
const seen = new WeakSet<object>();

/** 1 to 13, and of 18 what holds always, between two turns. */
export function* always(mesh: Mesh): Generator<Violation> {
  const at = mesh.clock.now();
  const say = function* (invariant: number, details: Iterable<string>, where = ''): Generator<Violation> {
    for (const detail of details) yield { invariant, at, detail: `${where}${detail}` };
  };
  yield* say(2, settledOnce(mesh.ledger.calls, at));
  yield* say(3, ranOnce(mesh.ledger.calls));
  for (const life of mesh.living()) {
    const where = `${life.name}: `;
    const processes = processesOf(life.runtime);
    const facts = processFacts(processes);
    yield* say(4, noOrphans(facts), where);
    yield* say(7, bounded(facts), where);
    yield* say(8, linkedToLiving(facts), where);
    yield* say(9, namedOnce(facts), where);
    const table = tableFacts(life);
    if (table !== undefined) yield* say(10, soundTable(table, K, mesh.real), where);
    yield* say(11, soundRecords(recordFacts(life, seen), mesh.clock.wall(), life.sequences), where);
    yield* say(13, withinCap(linkFacts(life), CAP));
    yield* say(18, withinLimits(wayFacts(life)));
    const unused = mesh.unused;
    yield* say(18, givenBack(life.name, ownSessions(life), at, UNUSED, unused));
    yield* say(18, givenBack(life.name, passedSessions(life), at, UNUSED, unused));
    for (const [invariant, detail] of probed(life, at, queues(processes)))
      yield* say(invariant, [detail], where);
  }
}

function* probed(
  { diary, restarts }: Life,
  now: number,
  queueOf: (serial: number) => number | undefined,
): Generator<readonly [number, string]> {
  for (const detail of inOrder(diary)) yield [1, detail];
  for (const detail of answeredOnce(diary, now)) yield [2, detail];
  for (const detail of withinIntensity(restarts.facts())) yield [5, detail];
  for (const detail of stoppedInReverse(diary)) yield [6, detail];
  for (const detail of balanced(diary, MAILBOX_BOUND, queueOf)) yield [7, detail];
  for (const detail of toldOnce(diary, queueOf)) yield [8, detail];
}

const queues = (processes: ReturnType<typeof processesOf>): ((serial: number) => number | undefined) => {
  const found = new Map(processes.map(({ serial, queued }) => [serial, queued]));
  return (serial) => found.get(serial);
};

/** What passes: whichever of it is there after the longest time it may take is a leak. */
export const passingNow = (mesh: Mesh): ReadonlySet<object> =>
  new Set<object>([...mesh.living()].flatMap((life) => [...lookupsOf(life), ...seekersOf(life)]));

/** 17, when it has been quiet for long. */
export function* attached({ members, clock }: Mesh): Generator<Violation> {
  const facts = members.flatMap((member) => attachmentFacts(member, members) ?? []);
  for (const detail of attachedToLiving(facts)) yield { invariant: 17, at: clock.now(), detail };
}

/** 16 to 18, when it has been quiet for long. `late`: what passes and was there before the last of it had to end. */
export function* quiet(mesh: Mesh, late: ReadonlySet<object>): Generator<Violation> {
  yield* attached(mesh);
  const at = mesh.clock.now();
  const lives = [...mesh.living()];
  const living = new Set(lives.map(({ handle }) => handle.id));
  for (const life of lives) {
    for (const detail of converged(linkFacts(life), living)) yield { invariant: 16, at, detail };
    for (const detail of asBefore(life.name, loadOf(life, late), life.baseline))
      yield { invariant: 18, at, detail };
  }
}

/** 16, while these hear nobody else, for longer than a silent connection lives. */
export function* apart(lives: readonly Life[], at: number): Generator<Violation> {
  const heard = new Set(lives.map(({ handle }) => handle.id));
  for (const life of lives)
    for (const detail of converged(linkFacts(life), heard)) yield { invariant: 16, at, detail };
}

/** 19, when all members have ended. `sockets`: those that are still bound. */
export function* over(mesh: Mesh, sockets: number): Generator<Violation> {
  const at = mesh.clock.now();
  const remains = mesh.past.map(({ name, runtime }) => ({
    member: name,
    actors: runtime.alive,
    timers: runtime.timers.size,
  }));
  for (const detail of nothingLeft(remains, sockets, mesh.clock.held)) yield { invariant: 19, at, detail };
}
