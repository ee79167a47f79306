/**
 * What scopes of process groups on two nodes tell each other: the messages of Erlang's `pg`. Pure.
 *
 * `{discover, Pid}` asks for all that is offered, `{sync, Pid, [{Group, Pids}]}` is that (it comes as a cast), `{join, Pid, Group,
 * Pids}` and `{leave, Pid, Pids, Groups}` what has changed since. `Pid` is the scope's process on the sender's node. A member that
 * is no process of that node is passed over. Source: Erlang/OTP `pg`, its messages as seen on the wire (OTP 25).
 */
import { atom, isAtom } from '../../codec/etf/atom.ts';
import { Tuple } from '../../codec/etf/terms.ts';
import { NodePid } from '../node-pid.ts';

export type PgMessage =
  | { readonly tag: 'discover'; readonly from: NodePid }
  | { readonly tag: 'sync'; readonly from: NodePid; readonly groups: readonly GroupOffer[] }
  | {
      readonly tag: 'join';
      readonly from: NodePid;
      readonly group: unknown;
      readonly pids: readonly NodePid[];
    }
  | {
      readonly tag: 'leave';
      readonly from: NodePid;
      readonly pids: readonly NodePid[];
      readonly groups: readonly unknown[];
    };

/** A group, and its members on one node, each as often as it has joined. */
export type GroupOffer<Member = NodePid> = readonly [group: unknown, pids: readonly Member[]];

/** Who is at the other end. */
interface Sender {
  readonly name: string;
  readonly creation: number;
}

/** Undefined for anything else, and for what speaks of another node than that of the sender. */
export function readPg(message: unknown, sender: Sender): PgMessage | undefined {
  if (!(message instanceof Tuple)) return undefined;
  const [tag, from, a, b] = message.elements as readonly unknown[];
  if (!isAtom(tag) || !isOf(from, sender)) return undefined;
  switch (tag.name) {
    case 'discover':
      return { tag: 'discover', from };
    case 'sync':
      return Array.isArray(a) ? { tag: 'sync', from, groups: offersIn(a, sender) } : undefined;
    case 'join':
      return message.length === 4 ? { tag: 'join', from, group: a, pids: pidsIn(b, sender) } : undefined;
    case 'leave':
      return Array.isArray(b) ? { tag: 'leave', from, pids: pidsIn(a, sender), groups: b } : undefined;
    default:
      return undefined;
  }
}

export const writePg = {
  discover: (self: unknown): Tuple => new Tuple([atom('discover'), self]),
  sync: (self: unknown, groups: readonly GroupOffer<unknown>[]): Tuple =>
    new Tuple([atom('sync'), self, groups.map(([group, pids]) => new Tuple([group, pids]))]),
  join: (self: unknown, group: unknown, pids: readonly unknown[]): Tuple =>
    new Tuple([atom('join'), self, group, pids]),
  leave: (self: unknown, group: unknown, pids: readonly unknown[]): Tuple =>
    new Tuple([atom('leave'), self, pids, [group]]),
} as const;

const isOf = (pid: unknown, { name, creation }: Sender): pid is NodePid =>
  pid instanceof NodePid && pid.node === name && pid.creation === creation;

function pidsIn(term: unknown, sender: Sender): readonly NodePid[] {
  const all: readonly unknown[] = Array.isArray(term) ? term : [term];
  return all.filter((one) => isOf(one, sender));
}

function offersIn(list: readonly unknown[], sender: Sender): readonly GroupOffer[] {
  const offers: GroupOffer[] = [];
  for (const one of list)
    if (one instanceof Tuple && one.length === 2)
      offers.push([one.elements[0], pidsIn(one.elements[1], sender)]);
  return offers.filter(([, pids]) => pids.length > 0);
}
