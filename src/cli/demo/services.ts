/**
 * The procedures of the demo.
 */
import type { Clock } from '../../actor/clock.ts';
import { err, type Err } from '../../mesh/errors/rpc-error.ts';
import type { HandlerContext } from '../../mesh/handlers/handler.ts';

/** How long `demo.finish` takes, milliseconds: long enough to be in flight while its provider leaves. */
const WORK = 150;

interface Sum {
  readonly operation: string;
  readonly a: number;
  readonly b: number;
}

export type Services = Readonly<Record<string, (args: never, context: HandlerContext) => unknown>>;

export interface Behavior {
  /** Told the procedure's name when a call of `demo.finish` or `demo.fetch` runs. */
  readonly began: (procedure: string) => void;
  /** `demo.fetch` never answers here. */
  readonly stuck: boolean;
  readonly clock: Clock;
}

export function demoServices({ began, stuck, clock }: Behavior): Services {
  return {
    'calculator.compute': ({ operation, a, b }: Sum): { result: number } | Err => {
      if (operation === 'multiply') return { result: a * b };
      if (operation === 'divide') return b === 0 ? err('division_by_zero') : { result: a / b };
      return err('invalid_operation');
    },
    'demo.fragile': ({ careful }: { readonly careful: boolean }): { survived: boolean } => {
      if (!careful) throw new Error('this handler crashes on purpose');
      return { survived: true };
    },
    'demo.forever': (_args: never, { signal }): Promise<null> => aborted(signal),
    'demo.fetch': (_args: never, { procedure, signal }) => {
      began(procedure);
      return stuck ? aborted(signal) : { fetched: true };
    },
    'demo.neighbor': () => ({ near: true }),
    'demo.hidden': () => ({ reached: true }),
    'demo.finish': async (_args: never, { procedure }) => {
      began(procedure);
      await new Promise<void>((resolve) => {
        clock.setTimer(WORK, resolve);
      });
      return { finished: true };
    },
  };
}

/** Never answers in time: the caller's deadline aborts it. */
const aborted = (signal: AbortSignal): Promise<null> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve(null);
    });
  });
