/**
 * A member of the demo in a process of its own: carries out orders that come over the IPC channel.
 *
 * It dies with its teller (the channel closes) and, until told to stay, after a hard limit.
 */
import { systemClock } from '../../actor/clock.ts';
import { usageError } from '../error-document.ts';
import { ExitCode } from '../exit-code.ts';
import { LocalMember } from './local-member.ts';
import type { OrderArgs, OrderName } from './orders.ts';

/** No story lasts this long, milliseconds. */
const HARD_LIMIT = 45_000;

export interface OrderMessage {
  readonly id: number;
  readonly name: OrderName;
  readonly args: unknown;
}

export interface AnswerMessage {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

export function runWorker(): Promise<ExitCode> {
  const { send } = process;
  if (send === undefined)
    return Promise.reject(usageError('demo-worker', 'is started by espalier demo only'));
  const answer = (message: AnswerMessage): void => {
    // the teller may be gone: the disconnect that follows ends us
    process.send?.(message, () => undefined);
  };
  const limit = systemClock.setTimer(HARD_LIMIT, () => process.exit(ExitCode.failure));
  // a Ctrl-C in the terminal reaches us too; the teller decides when we end
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
  const member = new LocalMember();
  const carryOut = async ({ id, name, args }: OrderMessage): Promise<void> => {
    if (name === 'stay') systemClock.clear(limit);
    try {
      answer({ id, answer: await member.order(name, args as OrderArgs<OrderName>) });
    } catch (error) {
      answer({ id, error: error instanceof Error ? error.message : String(error) });
    }
  };
  return new Promise((resolve) => {
    process.on('message', (message) => {
      // never rejects: a failure is an answer
      carryOut(message as OrderMessage).catch(() => undefined);
    });
    process.on('disconnect', () => {
      systemClock.clear(limit);
      member.end().then(
        () => {
          resolve(ExitCode.ok);
        },
        () => {
          resolve(ExitCode.failure);
        },
      );
    });
  });
}
