/**
 * What the parts of a dist relay share. Tables that outlive its actors; each client's actor writes its own rows.
 */
import type { NameScope } from '../../../actor/names.ts';
import type { Runtime } from '../../../actor/runtime.ts';
import type { CrashRing } from '../../../mesh/events/crash-ring.ts';
import type { EventHub } from '../../../mesh/events/hub.ts';
import type { ClosedRealm } from '../../../mesh/identity/closed-realm.ts';
import type { Limits } from './limits.ts';
import type { Passing } from './passing.ts';
import type { Roster } from './roster.ts';
import type { Session } from './session.ts';

export interface RelayContext {
  readonly runtime: Runtime;
  /** Where its actors are found: `clients`, `tunnels`, `endpoint`. */
  readonly scope: NameScope;
  readonly events: EventHub;
  /** The last of its tree, where somebody may look. */
  readonly crashes: CrashRing;
  readonly limits: Limits;
  /** Which realm it serves; undefined: whoever comes. */
  readonly realm: string | undefined;
  readonly closed: ClosedRealm | undefined;
  readonly roster: Roster<Session>;
  /** Tunnels whose ends may send each other datagrams. */
  readonly passing: Passing;
  readonly counts: Counts;
}

/** Written by the tunnels and the clients. */
export interface Counts {
  /** Tunnels there are. */
  tunnels: number;
  /** Bytes of those that are over. */
  bytes: number;
  /** Control frames that made no sense. */
  skipped: number;
}
