/**
 * Looks at stations, relay sessions and attempts of a life between two turns, and says what it saw as facts.
 */
import { RELAY_LIMITS } from '../../mesh/relay/relay-sessions.ts';
import { OWN_SESSIONS } from '../../mesh/relay/relays.ts';
import type { AttachmentFacts, SessionFacts, WayFacts } from './invariants/ways.ts';
import { contextOf, processesOf, type Life, type Member } from './member.ts';

/** Undefined for a member that is not there, or attaches to nobody. */
export function attachmentFacts(
  { role, life, place }: Member,
  stations: readonly Member[],
): AttachmentFacts | undefined {
  if (life === undefined || place.stations.length === 0) return undefined;
  const live = place.stations.flatMap((station) => stations[station]?.life?.handle.id ?? []);
  const context = contextOf(life);
  const connected = new Set(live.filter((id) => context.standings.ready(id, false) !== undefined));
  return { member: life.name, live, connected, one: role === 'client' };
}

export function* ownSessions(life: Life): Generator<SessionFacts> {
  const { relays, standings } = contextOf(life);
  for (const session of relays.own.values()) {
    const { peerId, role } = session;
    const name = `with ${peerId.slice(0, 8)} as its ${role}`;
    yield { session, name, used: standings.of(peerId).size > 0 };
  }
}

export function* passedSessions(life: Life): Generator<SessionFacts> {
  for (const session of contextOf(life).relays.passed?.all() ?? []) {
    const { source, target } = session;
    const used = source.at() !== undefined || target.at() !== undefined;
    yield { session, name: `of ${source.nodeId.slice(0, 8)} with ${target.nodeId.slice(0, 8)}`, used };
  }
}

export function wayFacts(life: Life): WayFacts {
  const { own, passed } = contextOf(life).relays;
  return {
    member: life.name,
    own: own.size,
    mostOwn: OWN_SESSIONS,
    passed: passed?.stats.sessions ?? 0,
    mostPassed: RELAY_LIMITS.sessions,
  };
}

const SEEKERS: ReadonlySet<string> = new Set(['nat attempt', 'hole punch']);

/** Whoever seeks a way, and the punches that are known: what is there much later is a leak. */
export function* seekersOf(life: Life): Generator<object> {
  for (const process of processesOf(life.runtime)) if (SEEKERS.has(process.label)) yield process;
  // a punch whose actor has died without being taken out
  for (const process of contextOf(life).relays.punches.values()) if (!process.alive) yield process;
}
