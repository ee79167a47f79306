/**
 * One member of a simulated mesh: a machine with an address, on which a node or a client lives, dies and lives again.
 */
import { childrenOf } from '../../actor/tree.ts';
import type { NameScope } from '../../actor/names.ts';
import type { Process } from '../../actor/process.ts';
import type { Runtime } from '../../actor/runtime.ts';
import type { MeshContext } from '../../mesh/context.ts';
import type { Node, RemoteClient } from '../../node.ts';
import type { MemoryNat } from '../../transport/memory/nat-types.ts';
import type { Diary } from './diary.ts';
import type { Load } from './invariants/leftovers.ts';
import type { RestartLog } from './restart-log.ts';
import type { Place } from './terrain.ts';

/** From one start to one end. */
export interface Life {
  /** Unique in the simulation: the member and how often it was started. */
  readonly name: string;
  readonly runtime: Runtime;
  readonly scope: NameScope;
  readonly diary: Diary;
  readonly restarts: RestartLog;
  readonly handle: Node | RemoteClient;
  /** Services it advertised, by number; those whose advertisement is under way are in none of the two. */
  readonly serving: Set<number>;
  readonly changing: Set<number>;
  /** Highest sequence seen of each record it keeps. */
  readonly sequences: Map<string, number>;
  /** Before the storm. */
  baseline: Load | undefined;
  /** Ended by a fault or by itself. */
  over: boolean;
}

export interface Member {
  readonly index: number;
  readonly role: 'node' | 'client';
  /** Behind a NAT, its address there. */
  readonly host: string;
  readonly place: Place;
  readonly nat: MemoryNat | undefined;
  lives: number;
  life: Life | undefined;
  /** Being started. */
  starting: Promise<void> | undefined;
}

/** What the handle's class keeps to itself: the simulation looks inside. */
export const contextOf = (life: Life): MeshContext =>
  (life.handle as unknown as { readonly context: MeshContext }).context;

/** Every living process of a runtime, parents before their children, the root first. */
export function processesOf(runtime: Runtime): Process[] {
  const found: Process[] = [...childrenOf(runtime)];
  // the list grows while it is walked
  for (const process of found) found.push(...childrenOf(process));
  return found;
}
