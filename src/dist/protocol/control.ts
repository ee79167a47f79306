/**
 * Control messages: what a frame does, as a value. Pure.
 *
 * Read from the tuple that a data frame begins with, and written as one. Operations that are not known, or whose fields are
 * not what they should be, are `unknown`: they are counted, logged and ignored, never a reason to disconnect.
 * Source: DIST §5; Erlang/OTP "Distribution Protocol", Protocol between Connected Nodes.
 */
import { Atom, atom, isAtom } from '../../codec/etf/atom.ts';
import { Tuple } from '../../codec/etf/terms.ts';

/** Numbers of the operations. */
export const OP = {
  link: 1,
  send: 2,
  exit: 3,
  unlink: 4,
  regSend: 6,
  groupLeader: 7,
  exit2: 8,
  monitor: 19,
  demonitor: 20,
  monitorExit: 21,
  sendSender: 22,
  payloadExit: 24,
  payloadExit2: 26,
  payloadMonitorExit: 28,
  spawnRequest: 29,
  spawnReply: 31,
  aliasSend: 33,
  unlinkId: 35,
  unlinkAck: 36,
} as const;

/** Nobody does anything when they come. */
const PATIENT: ReadonlySet<unknown> = new Set([OP.demonitor, OP.unlinkAck]);

/** Whether somebody waits for what a control message does. */
export const isAwaited = (control: Tuple): boolean => !PATIENT.has(control.elements[0]);

/** What a reply to a spawn says has come to be with the process, a bit each. */
export const SPAWN_FLAG = { link: 1, monitor: 2 } as const;

/** Those that carry a token for tracing in addition, which is left out. */
const TRACED: ReadonlyMap<number, number> = new Map([
  [12, OP.send],
  [13, OP.exit],
  [16, OP.regSend],
  [18, OP.exit2],
  [23, OP.sendSender],
  [25, OP.payloadExit],
  [27, OP.payloadExit2],
  [30, OP.spawnRequest],
  [32, OP.spawnReply],
  [34, OP.aliasSend],
]);

/** `Pid`s, references and reasons are terms as the codec's `Identities` make them. */
export type Control =
  | { readonly op: 'send'; readonly to: unknown; readonly from: unknown }
  | { readonly op: 'regSend'; readonly from: unknown; readonly name: string }
  | { readonly op: 'aliasSend'; readonly from: unknown; readonly alias: unknown }
  | { readonly op: 'link'; readonly from: unknown; readonly to: unknown }
  | {
      readonly op: 'unlink';
      readonly from: unknown;
      readonly to: unknown;
      readonly id: number | bigint | undefined;
    }
  | { readonly op: 'unlinkAck'; readonly from: unknown; readonly to: unknown; readonly id: number | bigint }
  /** Of a link: the sender died. `reason` undefined: it is the message. */
  | { readonly op: 'exit'; readonly from: unknown; readonly to: unknown; readonly reason: Reason }
  /** Explicit. */
  | { readonly op: 'exit2'; readonly from: unknown; readonly to: unknown; readonly reason: Reason }
  /** `target`: a pid, or the name of a process. */
  | { readonly op: 'monitor'; readonly from: unknown; readonly target: unknown; readonly ref: unknown }
  | { readonly op: 'demonitor'; readonly from: unknown; readonly target: unknown; readonly ref: unknown }
  | {
      readonly op: 'monitorExit';
      readonly from: unknown;
      readonly to: unknown;
      readonly ref: unknown;
      readonly reason: Reason;
    }
  | {
      readonly op: 'spawnRequest';
      readonly id: unknown;
      readonly from: unknown;
      readonly groupLeader: unknown;
      readonly module: string;
      readonly function: string;
      readonly arity: number;
      readonly options: readonly unknown[];
    }
  /** `result`: a pid, or an atom that says why not. */
  | {
      readonly op: 'spawnReply';
      readonly id: unknown;
      readonly to: unknown;
      readonly flags: number;
      readonly result: unknown;
    }
  | { readonly op: 'unknown'; readonly number: number };

/** `message`: the frame's second term is the reason. */
export type Reason = { readonly in: 'control'; readonly term: unknown } | { readonly in: 'message' };

const MESSAGE: Reason = { in: 'message' };

/** Operations behind whose tuple a second term follows. */
const WITH_MESSAGE: ReadonlySet<number> = new Set([
  OP.send,
  OP.regSend,
  OP.sendSender,
  OP.payloadExit,
  OP.payloadExit2,
  OP.payloadMonitorExit,
  OP.spawnRequest,
  OP.aliasSend,
]);

/** What a tuple says; `message`: whether a second term belongs to it. */
export function readControl(term: unknown): { readonly control: Control; readonly message: boolean } {
  const fields = term instanceof Tuple ? (term.elements as readonly unknown[]) : [];
  const number = fields[0];
  if (typeof number !== 'number') return { control: { op: 'unknown', number: -1 }, message: false };
  const plain = TRACED.get(number) ?? number;
  const message = WITH_MESSAGE.has(plain);
  const control = controlOf(plain, fields) ?? { op: 'unknown', number };
  return { control, message };
}

function controlOf(number: number, fields: readonly unknown[]): Control | undefined {
  const [, a, b, c, d, e] = fields;
  switch (number) {
    case OP.send:
      return { op: 'send', from: undefined, to: b };
    case OP.sendSender:
      return { op: 'send', from: a, to: b };
    case OP.regSend:
      return isAtom(c) ? { op: 'regSend', from: a, name: c.name } : undefined;
    case OP.aliasSend:
      return { op: 'aliasSend', from: a, alias: b };
    case OP.link:
      return { op: 'link', from: a, to: b };
    case OP.unlink:
      return { op: 'unlink', from: a, to: b, id: undefined };
    case OP.unlinkId:
      return isId(a) ? { op: 'unlink', id: a, from: b, to: c } : undefined;
    case OP.unlinkAck:
      return isId(a) ? { op: 'unlinkAck', id: a, from: b, to: c } : undefined;
    case OP.exit:
      return { op: 'exit', from: a, to: b, reason: { in: 'control', term: c } };
    case OP.payloadExit:
      return { op: 'exit', from: a, to: b, reason: MESSAGE };
    case OP.exit2:
      return { op: 'exit2', from: a, to: b, reason: { in: 'control', term: c } };
    case OP.payloadExit2:
      return { op: 'exit2', from: a, to: b, reason: MESSAGE };
    case OP.monitor:
      return { op: 'monitor', from: a, target: b, ref: c };
    case OP.demonitor:
      return { op: 'demonitor', from: a, target: b, ref: c };
    case OP.monitorExit:
      return { op: 'monitorExit', from: a, to: b, ref: c, reason: { in: 'control', term: d } };
    case OP.payloadMonitorExit:
      return { op: 'monitorExit', from: a, to: b, ref: c, reason: MESSAGE };
    case OP.spawnRequest:
      return spawnRequestOf(a, b, c, d, e);
    case OP.spawnReply:
      return typeof c === 'number' ? { op: 'spawnReply', id: a, to: b, flags: c, result: d } : undefined;
    default:
      return undefined;
  }
}

function spawnRequestOf(
  id: unknown,
  from: unknown,
  groupLeader: unknown,
  mfa: unknown,
  options: unknown,
): Control | undefined {
  const [module, name, arity] = mfa instanceof Tuple ? (mfa.elements as readonly unknown[]) : [];
  if (!isAtom(module) || !isAtom(name) || typeof arity !== 'number' || !Array.isArray(options))
    return undefined;
  return {
    op: 'spawnRequest',
    id,
    from,
    groupLeader,
    module: module.name,
    function: name.name,
    arity,
    options: options as readonly unknown[],
  };
}

const isId = (value: unknown): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint';

/** Field that nobody reads. */
const UNUSED: Atom = atom('');

/** What a peer understands: reasons as messages, and unlink with an id. */
export interface Dialect {
  readonly payload: boolean;
  readonly unlinkId: boolean;
}

const of = (...elements: readonly unknown[]): Tuple => new Tuple(elements);

export const writeControl = {
  send: (to: unknown): Tuple => of(OP.send, UNUSED, to),
  regSend: (from: unknown, name: string): Tuple => of(OP.regSend, from, UNUSED, new Atom(name)),
  aliasSend: (from: unknown, alias: unknown): Tuple => of(OP.aliasSend, from, alias),
  link: (from: unknown, to: unknown): Tuple => of(OP.link, from, to),
  unlink: (id: number | bigint, from: unknown, to: unknown, { unlinkId }: Dialect): Tuple =>
    unlinkId ? of(OP.unlinkId, id, from, to) : of(OP.unlink, from, to),
  unlinkAck: (id: number | bigint, from: unknown, to: unknown): Tuple => of(OP.unlinkAck, id, from, to),
  monitor: (from: unknown, target: unknown, ref: unknown): Tuple => of(OP.monitor, from, target, ref),
  demonitor: (from: unknown, target: unknown, ref: unknown): Tuple => of(OP.demonitor, from, target, ref),
  /** The reason is the message when the peer takes it so. */
  exit: (from: unknown, to: unknown, reason: unknown, { payload }: Dialect): Tuple =>
    payload ? of(OP.payloadExit, from, to) : of(OP.exit, from, to, reason),
  exit2: (from: unknown, to: unknown, reason: unknown, { payload }: Dialect): Tuple =>
    payload ? of(OP.payloadExit2, from, to) : of(OP.exit2, from, to, reason),
  monitorExit: (from: unknown, to: unknown, ref: unknown, reason: unknown, { payload }: Dialect): Tuple =>
    payload ? of(OP.payloadMonitorExit, from, to, ref) : of(OP.monitorExit, from, to, ref, reason),
  spawnRequest: (
    id: unknown,
    from: unknown,
    groupLeader: unknown,
    [module, name, arity]: readonly [module: string, name: string, arity: number],
    options: readonly unknown[],
  ): Tuple => of(OP.spawnRequest, id, from, groupLeader, of(atom(module), atom(name), arity), options),
  spawnReply: (id: unknown, to: unknown, flags: number, result: unknown): Tuple =>
    of(OP.spawnReply, id, to, flags, result),
} as const;
