/**
 * Looks at a life of a member between two turns, and says what it saw as facts for the invariants.
 */
import { ProcessTimer } from '../../actor/process-timer.ts';
import { Process, Status } from '../../actor/process.ts';
import { hex, shared } from '../../mesh/context.ts';
import { isAuthentic, readRecord } from '../../mesh/dht/record.ts';
import type { RecordFacts, TableFacts } from './invariants/dht.ts';
import type { LinkFacts } from './invariants/links.ts';
import type { Load } from './invariants/leftovers.ts';
import type { ProcessFacts } from './invariants/processes.ts';
import { contextOf, processesOf, type Life } from './member.ts';
import { seekersOf } from './observe-ways.ts';

/** The root of a node's or a client's tree has no supervisor. */
const isRoot = ({ parentProcess, label }: Process): boolean =>
  parentProcess === null && (label === 'node' || label === 'client');

export function processFacts(processes: readonly Process[]): ProcessFacts[] {
  const scopes = new Map<unknown, number>();
  const scopeOf = (scope: unknown): number => {
    const known = scopes.get(scope);
    if (known !== undefined) return known;
    scopes.set(scope, scopes.size);
    return scopes.size - 1;
  };
  return processes.map((process) => ({
    serial: process.serial,
    label: process.label,
    stopping: process.status === Status.stopping || process.status === Status.dead,
    parent:
      process.parentProcess === null
        ? undefined
        : { serial: process.parentProcess.serial, alive: process.parentProcess.alive },
    isRoot: isRoot(process),
    queued: process.queued,
    bound: process.bound,
    names: process.names.map(({ scope, name }) => `${scopeOf(scope)}:${String(name)}`),
    links: [...(process.links ?? [])].filter((other) => other instanceof Process),
  }));
}

/**
 * Answers so far that nobody waited for; undefined for a node, which asks for itself and gives up what another one has
 * answered before.
 */
export function lateReplies(life: Life): number | undefined {
  const { role, counters } = contextOf(life);
  return role === 'client' ? counters.lateReplies : undefined;
}

export function linkFacts(life: Life): LinkFacts[] {
  const links = shared(contextOf(life), 'endpoint')?.links ?? [];
  return Array.from(links, ({ peer, queued }) => ({
    member: life.name,
    peer: peer === undefined ? undefined : hex(peer.nodeId),
    queued,
  }));
}

/** Undefined without a DHT, or while its actor is being restarted. */
export function tableFacts(life: Life): TableFacts | undefined {
  const table = shared(contextOf(life), 'routingTable');
  if (table === undefined) return undefined;
  return { own: life.handle.id, buckets: table.bucketSizes(), contacts: table.contacts() };
}

/** One signature in so many is looked at: each costs a tenth of a millisecond, and there are many thousands. */
const LOOKED_AT = 16;

/** What the node would show to whoever asks; `seen` are the records that were looked at before. */
export function* recordFacts(life: Life, seen: WeakSet<object>): Generator<RecordFacts> {
  const { records, settings, runtime } = contextOf(life);
  const at = { now: runtime.clock.now(), wall: runtime.clock.wall() };
  for (const key of records.keys()) {
    for (const { nodeId, seq, issuedAt, expiresAt, payload } of records.held(key, at)) {
      let authentic: boolean | undefined;
      if (!seen.has(payload)) {
        seen.add(payload);
        if (seq % LOOKED_AT === 0) {
          // at the time it was made: what is checked here is who made it
          const reading = readRecord(payload, { key, realm: settings.realm, wall: issuedAt });
          authentic = reading.tag === 'read' && isAuthentic(reading);
        }
      }
      yield { name: `${key.slice(0, 8)} of ${nodeId.slice(0, 8)}`, seq, expiresAt, authentic };
    }
  }
}

/** Below these, actors come and go with peers, services and lookups. */
const PASSING: ReadonlySet<string> = new Set(['connections', 'handlers', 'lookups', 'natConnector']);

/** Lookups that are under way. */
export const lookupsOf = ({ runtime }: Life): Process[] =>
  processesOf(runtime).filter(({ label }) => label === 'lookup');

/** A pause before the next hole is punched for a connection is none of those that grow. */
function timersOf(process: Process, connections: number): number {
  const count = ProcessTimer.countOf(process);
  return process.label === 'natConnector' ? Math.max(1, count - connections) : count;
}

/** @param late what passes and should have ended; the rest is what a node does for itself now and then. */
export function loadOf(life: Life, late: ReadonlySet<object>): Load {
  const { calls, discovery, standings } = contextOf(life);
  const processes = processesOf(life.runtime);
  const passing = new Set<Process>();
  let invocations = 0;
  let lookups = 0;
  let timers = 0;
  for (const process of processes) {
    const { parentProcess: parent, label } = process;
    if (parent !== null && (PASSING.has(parent.label) || passing.has(parent))) passing.add(process);
    else timers += timersOf(process, standings.size);
    if (label.startsWith('invocation')) invocations++;
    if (label === 'lookup' && late.has(process)) lookups++;
  }
  return {
    calls: calls.size,
    invocations,
    lookups,
    seekers: [...seekersOf(life)].filter((seeker) => late.has(seeker)).length,
    actors: processes.length - passing.size,
    timers: timers - discovery.publications.size,
  };
}
