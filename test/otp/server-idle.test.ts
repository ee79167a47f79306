import { describe, expect, test } from 'vitest';
import { noReply, reply, started, startServer, type GenServer, type Next } from '../../src/otp.ts';
import { failure, world } from '../actor/world.ts';

interface Calls {
  next(next: Next): string;
}
const server: GenServer<Next | undefined, number, Calls> = {
  init: (next) => started(0, next ?? {}),
  handleCall: { next: (next, state) => reply('done', state, next) },
  handleInfo: (_, state) => noReply(state + 1),
};
const NONE = [-1, Number.NaN, '5', null, {}];

describe('an idle timeout that is none', () => {
  test('ends the server, with an error that names it, instead of firing at once or never', async () => {
    for (const timeout of NONE) {
      const { runtime, reports, clock } = world();
      const ref = await startServer(runtime, server, undefined);
      const { pid } = ref;
      await ref.call('next', { timeout: timeout as number });
      await clock.settle();
      expect([ref.pid === pid, reports.map(({ tag }) => tag)]).toEqual([true, ['terminate', 'crash']]);
      const [report] = reports as unknown as [{ reason: Error }];
      expect([report.reason.constructor, report.reason.message]).toEqual([
        RangeError,
        expect.stringMatching(/^timeout must/),
      ]);
      expect(runtime.timers.size).toBe(0);
    }
  });

  test('fails the start when init gives it', async () => {
    for (const timeout of NONE) {
      const { runtime } = world();
      const error = (await failure(startServer(runtime, server, { timeout: timeout as number }))) as Error;
      expect([error.name, error.message]).toEqual(['StartError', expect.stringContaining('timeout must')]);
      expect(runtime.alive).toBe(0);
    }
  });
});
