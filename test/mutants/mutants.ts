/**
 * The planted faults. Each stands for a promise that must not be lost without a red test.
 */
import type { Mutant } from './mutant.ts';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'replay skipped after a reconnect',
    file: 'src/mesh/connection/control.ts',
    find: "if (this.#context.role === 'client') this.#enrolling.all();",
    replace: '',
    tests: ['test/mesh/client/lifecycle.test.ts', 'test/recovery'],
  },
  {
    name: 'backoff without jitter',
    file: 'src/mesh/peer/backoff.ts',
    find: 'random.float() * maxDelay(attempt)',
    replace: 'maxDelay(attempt)',
    tests: ['test/mesh/peer/backoff.test.ts'],
  },
  {
    name: 'stream credit not returned',
    file: 'src/transport/quic/stream-set.ts',
    find: '      if (due <= now) this.#stopWriting(id, code);\n      else if (this.#unstopped(id)) continue;\n',
    replace: '      if (due > now && this.#unstopped(id)) continue;\n',
    tests: ['test/net/quic-streams.test.ts', 'test/net/quic-compliance.test.ts'],
  },
  {
    name: 'Retry token without expiry',
    file: 'src/transport/quic/retry-token.ts',
    find: '!(age >= 0 && age <= TOKEN_LIFETIME)',
    replace: '!(age >= 0)',
    tests: ['test/transport/quic/retry-token.test.ts'],
  },
  {
    name: 'late reply accepted',
    file: 'src/actor/call.ts',
    find: '  reply(value: unknown): boolean {\n    if (this.settled) return false;\n',
    replace: '  reply(value: unknown): boolean {\n',
    tests: ['test/actor/calls.test.ts'],
  },
  {
    name: 'mailbox unbounded',
    file: 'src/actor/runtime.ts',
    find: '',
    replace: '',
    tests: ['test/actor/mailbox.test.ts'],
  },
];
