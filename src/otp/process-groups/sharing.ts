/**
 * How a scope of groups is shared with other nodes: what the distribution is told, and what it brings in.
 *
 * Groups are given as keys: values that are one object, or the same primitive, wherever they come from.
 */
import type { RemotePid } from '../../actor/pid.ts';
import type { Process } from '../../actor/process.ts';

/** Called in the middle of joins, leaves and deaths: it must be short, and must not throw. */
export interface GroupsPort<Group> {
  /** @param keep it is used as a key from now on; else only those that are kept are found. */
  keyOf(group: Group, keep: boolean): Group;
  /** Processes of this node have joined or left, each as often as it stands there. */
  changed(tag: 'join' | 'leave', group: Group, pids: readonly Process[]): void;
}

export interface GroupCounts {
  readonly groupsHere: number;
  readonly here: number;
  readonly groupsElsewhere: number;
  readonly elsewhere: number;
}

export interface SharedGroups<Group> {
  /** Makes groups one that the port gives one key. Once, before anything else. */
  unite(): void;
  /** The groups with members on this node, each member as often as it has joined. */
  offered(): readonly (readonly [group: Group, pids: readonly Process[]])[];
  /** Whether anything here is about that group. */
  has(group: Group): boolean;
  /** Groups with members on this node and elsewhere, and their memberships. */
  counts(): GroupCounts;
  /** Members of other nodes; whoever monitors is told. */
  join(group: Group, pids: readonly RemotePid[]): void;
  leave(group: Group, pids: readonly RemotePid[]): void;
  /** What came from other nodes has to have left. */
  end(): void;
}
