/** Cases of `test/vectors/failover.json`. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { RpcFailure } from '../../../src/mesh/errors/rpc-failure.ts';
import { attemptBudget, isTired, mayFailOver, wasSent } from '../../../src/mesh/router/failover.ts';

interface Input {
  readonly op?: string;
  readonly providers?: number | readonly number[];
  readonly maxAttempts?: number;
  readonly attempts?: readonly (number | string)[];
  readonly excluded?: readonly number[];
  readonly tag?: string;
  readonly sent?: boolean;
  readonly idempotent?: boolean;
  readonly providersLeft?: number;
  readonly attemptsLeft?: number;
  readonly timeLeftMs?: number;
  readonly node?: null;
}

interface Case {
  readonly name: string;
  readonly input: Input;
  readonly expect: { readonly ok?: unknown; readonly error?: Record<string, unknown> };
}

const { cases } = JSON.parse(
  readFileSync(new URL('../../vectors/failover.json', import.meta.url), 'utf8'),
) as { readonly cases: readonly Case[] };

/** As fields of a failure would have it; `gateway_timeout` is the whole call's timeout. */
function failureOf(tag: string, sent: boolean): RpcFailure {
  switch (tag) {
    case 'gateway_timeout':
      return { tag: 'timeout', timeout: 1, sent: true };
    case 'timeout':
      return { tag, timeout: 1, sent };
    case 'connection_error':
      return { tag, sent, detail: '' };
    case 'protocol_error':
      return sent ? { tag, detail: '' } : { tag: 'connection_error', sent, detail: 'as protocol_error' };
    case 'overloaded':
      return { tag, bound: 'peer' };
    default:
      return { tag } as RpcFailure;
  }
}

/** Whether there is another one to try, and it may be tried. */
const goesOn = (made: number, providers: number, maxAttempts?: number): boolean =>
  made < providers && !isTired(made, maxAttempts);

/** How many are tried when all of them fail. */
function tried(providers: number, maxAttempts: number | undefined): number {
  let made = 0;
  while (goesOn(made, providers, maxAttempts)) made++;
  return made;
}

function outcome({ attempts = [], idempotent = false, providers = 3, sent = false }: Input): unknown {
  let made = 0;
  let last: RpcFailure | undefined;
  for (const tag of attempts as readonly string[]) {
    made++;
    last = failureOf(tag, idempotent || sent);
    if (!goesOn(made, providers as number) || !mayFailOver(last, idempotent)) break;
  }
  expect(made).toBe(attempts.length);
  const tagged = last?.tag === 'timeout' || last?.tag === 'connection_error';
  return { tag: last?.tag, attempts: made, ...(tagged && !idempotent ? { sent: wasSent(last!) } : {}) };
}

function run(input: Input): unknown {
  const { op, providers = 0, maxAttempts, attempts = [], excluded = [] } = input;
  const {
    tag = '',
    sent = false,
    idempotent = false,
    timeLeftMs = 0,
    attemptsLeft = 0,
    providersLeft = 0,
  } = input;
  switch (op) {
    case undefined:
      return tried(providers as number, maxAttempts);
    case 'canRetry':
      return attempts.map(
        (attempt) => !isTired((attempt as number) - 1) && (providers as number) > excluded.length,
      );
    case 'available':
      return (providers as readonly number[]).filter((id) => !excluded.includes(id));
    case 'mark':
      return 'no change';
    case 'shouldFailover':
      return (
        // a call without time has ended by its deadline
        timeLeftMs > 0 &&
        providersLeft > 0 &&
        !isTired(0, attemptsLeft) &&
        mayFailOver(failureOf(tag, sent), idempotent)
      );
    case 'attemptBudget':
      return attemptBudget(timeLeftMs, attemptsLeft, idempotent);
    case 'outcome':
      return outcome(input);
    default:
      return expect.fail(`unknown op ${op}`);
  }
}

describe('vectors', () => {
  test.each(cases)('$name', ({ input, expect: { ok, error } }) => {
    const told = run(input);
    if (input.op === 'outcome') expect(told).toEqual(error);
    else if (error !== undefined) expect([told, error['tag']]).toEqual([0, 'service_not_found']);
    else if (input.op === undefined) expect(told).toBe((ok as { maxAttempts: number }).maxAttempts);
    else expect(told).toEqual(ok);
  });
});

describe('mayFailOver', () => {
  test('what may have run goes on only when it is idempotent; what was refused always may', () => {
    const uncertain: readonly RpcFailure[] = [
      { tag: 'timeout', timeout: 1 },
      { tag: 'timeout', timeout: 1, sent: true },
      { tag: 'connection_error', sent: true, detail: '' },
      { tag: 'protocol_error', detail: '' },
    ];
    for (const failure of uncertain) {
      expect([mayFailOver(failure, false), mayFailOver(failure, true)]).toEqual([false, true]);
    }
    const refused: readonly RpcFailure[] = [
      { tag: 'no_handler' },
      { tag: 'overloaded', bound: 'x' },
      { tag: 'cross_relay_error' },
      { tag: 'timeout', timeout: 1, sent: false },
      { tag: 'connection_error', sent: false, detail: '' },
    ];
    for (const failure of refused) expect(mayFailOver(failure, false)).toBe(true);
  });
});
