/**
 * Requests to our supervisors, and their answers as a trace has them.
 */
import type { Pid } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import { DynamicSupervisorRef } from '../../src/otp/dynamic-supervisor.ts';
import { ExitError, StartError } from '../../src/otp/errors.ts';
import { SupervisorRef } from '../../src/otp/supervisor.ts';
import { specOf } from './replay-tree.ts';
import type { AnyRef, World } from './replay-world.ts';
import type { Request } from './script.ts';
import { textOf } from './text.ts';

/** What a request came to, as text. Sent at once. */
export function request(world: World, op: Request): Promise<string> {
  const ref = world.ref(op[1]);
  return ref === undefined ? Promise.resolve('none') : asText(world, send(world, ref, op));
}

function send(world: World, ref: AnyRef, op: Request): Promise<unknown> {
  if (op[0] === 'which') return childrenOf(world, ref);
  if (op[0] === 'count') return countsOf(ref);
  if (ref instanceof DynamicSupervisorRef) {
    if (op[0] === 'spawn') return ref.startChild([op[2]]);
    // an id that never ran is no pid
    if (op[0] === 'dismiss') return ref.terminateChild(world.newest(op[2]) ?? (op[2] as unknown as Pid));
    return byId(new SupervisorRef(world.runtime, ref.pid as Process), world, op);
  }
  return byId(ref, world, op);
}

/** To a supervisor that knows its children by id, or should. */
function byId(ref: SupervisorRef, world: World, op: Request): Promise<unknown> {
  switch (op[0]) {
    case 'start':
      return ref.startChild(specOf(world, op[2]));
    case 'terminate':
      return ref.terminateChild(op[2]);
    case 'restart':
      return ref.restartChild(op[2]);
    case 'delete':
      return ref.deleteChild(op[2]);
    default:
      throw new Error(`${op[0]} is for dynamic supervisors`);
  }
}

export async function asText(world: World, answer: Promise<unknown>): Promise<string> {
  try {
    const value = await answer;
    if (typeof value === 'string') return value;
    return value === undefined ? 'ok' : `ok ${world.name(value)}`;
  } catch (error) {
    if (!(error instanceof ExitError || error instanceof StartError)) throw error;
    const { reason } = error;
    if (typeof reason === 'object' && reason !== null && 'already_started' in reason)
      return `error already_started ${world.name(reason.already_started)}`;
    return `error ${textOf(reason)}`;
  }
}

export async function childrenOf(world: World, ref: AnyRef): Promise<string> {
  if (ref instanceof DynamicSupervisorRef) {
    const children = await ref.whichChildren();
    const shown = children.map(({ pid }) => (pid === 'restarting' ? '?' : world.name(pid)));
    return shown.toSorted().join(' ');
  }
  const children = await ref.whichChildren();
  return children
    .map(({ id, pid }) => (pid === undefined ? `${id}-` : pid === 'restarting' ? `${id}?` : world.name(pid)))
    .join(' ');
}

export async function countsOf(ref: AnyRef): Promise<string> {
  const { specs, active, supervisors, workers } = await ref.countChildren();
  return [specs, active, supervisors, workers].join('/');
}
