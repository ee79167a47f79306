/**
 * What all processes that stand above others receive: the ends of those below, requests, and what they have no use for.
 */
import type { Behavior } from '../actor/behavior.ts';
import type { Call } from '../actor/call.ts';
import { Kind } from '../actor/mailbox.ts';
import type { Exit } from '../actor/monitor.ts';
import type { Process } from '../actor/process.ts';
import { reportUnhandled } from '../actor/report.ts';
import { chain, type MaybePromise } from './sequence.ts';
import { failed } from './start.ts';

/**
 * Messages and signals queued at most before calls are refused, as endpoints have: the ends of many children in one
 * turn are signals, and must not shut out those who ask.
 */
export const SUPERVISOR_MAILBOX = 16_384;

/**
 * One after the other, as OTP's do: while a start or a stop takes time the next one waits.
 * @param onExit an exit signal, also of one that is no child.
 * @param answer the reply to a request. Absent: it takes none.
 */
export function supervising(
  onExit: (self: Process, exit: Exit) => MaybePromise<void>,
  answer?: (self: Process, request: unknown) => MaybePromise<unknown>,
): Behavior['receive'] {
  return (kind, message, self) => {
    if (kind === Kind.exit) return onExit(self, message as Exit);
    if (kind === Kind.call && answer !== undefined) {
      const call = message as Call;
      const { request } = call;
      // of another node: whatever may be said there, it crashes nobody who stands above others
      if (typeof request !== 'object' || request === null) {
        call.reply(failed('undef'));
        return undefined;
      }
      return chain(answer(self, request), (value) => void call.reply(value));
    }
    return reportUnhandled(self, message);
  };
}
