/**
 * The planted faults. Each stands for a promise that must not be lost without a red test.
 */
import type { Mutant } from './mutant.ts';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'replay skipped',
    file: 'src/mesh/connection/control.ts',
    find: "if (this.#context.role === 'client') this.#enrolling.all();",
    replace: '',
    tests: ['test/recovery/kill-table.test.ts'],
  },
  {
    name: 'backoff without jitter',
    file: 'src/mesh/peer/backoff.ts',
    find: 'random.float() * maxDelay(attempt)',
    replace: 'maxDelay(attempt)',
    tests: ['test/mesh/peer/backoff.test.ts', 'test/recovery/herd.test.ts'],
  },
  {
    name: 'stream credit not returned',
    file: 'src/transport/quic/partings.ts',
    find: '  #stopWriting(id: number, code: number): void {\n    this.#shut(id, this.#quiche.Shutdown.Write, code);\n',
    replace: '  #stopWriting(_id: number, _code: number): void {\n',
    tests: ['test/net/quic-streams.test.ts'],
  },
  {
    name: 'Retry token without expiry',
    file: 'src/transport/quic/retry-token.ts',
    find: '!(age >= 0 && age <= TOKEN_LIFETIME)',
    replace: '!(age >= 0)',
    tests: ['test/transport/quic/retry-token.test.ts'],
  },
  {
    name: 'late reply accepted by the kernel',
    file: 'src/actor/call.ts',
    find: '  reply(value: unknown): boolean {\n    if (this.settled) return false;\n',
    replace: '  reply(value: unknown): boolean {\n',
    tests: ['test/actor/calls.test.ts'],
  },
  {
    name: 'late reply accepted by the connection',
    file: 'src/mesh/connection/outgoing.ts',
    find: '    return this.take(call.ticket);\n',
    replace: '    return this.#sent.get(call.ticket);\n',
    tests: ['test/reliability/replies.test.ts'],
  },
  {
    name: 'mailbox unbounded',
    file: 'src/actor/runtime.ts',
    find: '    if (mailbox.length >= to.bound) {\n',
    replace: '    if (mailbox.length >= Infinity) {\n',
    tests: ['test/reliability/mailbox.test.ts'],
  },
  {
    name: 'refused client kept',
    file: 'src/mesh/connection/control.ts',
    find: '      this.#state.refuse(refusal(refused), CloseCode.refused, refused.message);\n',
    replace: '',
    tests: ['test/recovery/refused.test.ts'],
  },
  {
    name: 'own timer left at close',
    file: 'src/mesh/client/within.ts',
    find: '      timer.unset();\n',
    replace: '',
    tests: ['test/reliability/drain.test.ts'],
  },
];
