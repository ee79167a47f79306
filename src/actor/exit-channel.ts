/**
 * `espalier:actor.exit` of `node:diagnostics_channel`: every end of a process, for tools that trace.
 *
 * While nobody subscribes it costs one comparison. Subscribers are under Node's own rule: what they throw is
 * an uncaught exception.
 */
import { channel, type Channel } from 'node:diagnostics_channel';
import { isOrderly, type ExitReason } from './exit-reason.ts';
import { outlineReason } from './outline.ts';
import type { Process } from './process.ts';

/** What subscribers get. */
export interface ActorExit {
  readonly pid: string;
  readonly actor: string;
  readonly type: string;
  /** The kind of the reason, nothing of what is in it. */
  readonly reason: string;
  /** Whether it was meant to end. */
  readonly orderly: boolean;
}

export const ACTOR_EXIT: Channel = channel('espalier:actor.exit');

export function publishExit(process: Process, reason: ExitReason): void {
  const message: ActorExit = {
    pid: process.toString(),
    actor: process.label,
    type: process.behavior.type,
    reason: outlineReason(reason),
    orderly: isOrderly(reason),
  };
  ACTOR_EXIT.publish(message);
}
