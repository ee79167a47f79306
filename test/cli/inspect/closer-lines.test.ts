import { describe, expect, test } from 'vitest';
import { crashLines, detailLines, placeOf } from '../../../src/cli/inspect/closer-lines.ts';
import { plain, widthOf } from '../../../src/cli/inspect/line.ts';
import { modelOf, rowOf, type Fields } from './rows.ts';

const CRASH = {
  id: 'c0ffee',
  at: 1_767_225_600_000,
  label: 'users.manage',
  path: ['node', 'handlers'],
  reason: 'TypeError, caused by Error ECONNREFUSED',
  cause: ['Error ECONNREFUSED'],
  stack: ['at one', 'at two', 'at three', 'at four', 'at five'],
  lastMessage: { type: 'string', size: 2 },
  decision: 'given_up',
  supervisor: 'handlers',
  restarts: 4,
};

const linesOf = (details: Fields, width = Infinity): readonly string[] => {
  const rows = [rowOf('node', null), rowOf('<0.2>', 'node', { name: 'users', startedAt: 4_000 })];
  return detailLines(modelOf(rows), '<0.2>', details, width).map(plain);
};

describe('a crash', () => {
  test('is told with when, where, why, what it was doing and what was done about it', () => {
    expect(crashLines(CRASH, Infinity).map(plain)).toEqual([
      '2026-01-01 00:00:00 UTC  handlers/users.manage  TypeError, caused by Error ECONNREFUSED',
      '    cause     Error ECONNREFUSED',
      '    handling  string, 2',
      '    then      given up by handlers, 4 restarts in its window',
      '    id        c0ffee',
      '    at one',
      '    at two',
      '    at three',
      '    at four',
    ]);
  });

  test('of which little is known is told as far as it is', () => {
    expect(crashLines({}, 80).map(plain)).toEqual(['1970-01-01 00:00:00 UTC    ']);
    expect(placeOf({ label: 'node', path: [] })).toBe('node');
    expect(() => crashLines({ at: 1e300, path: 'x', stack: 5, cause: [{}] }, 80)).not.toThrow();
  });
});

describe('an actor', () => {
  const row = rowOf('<0.2>', 'node', {
    startedAt: 4_000,
    type: 'Supervisor',
    module: 'users',
    strategy: 'oneForOne',
    restart: { policy: 'permanent', intensity: 3, period: 5_000 },
    links: ['<0.3>'],
    counters: { in: 5, out: 7, handled: 4, crashes: 3, restarts: 2 },
    details: { running: 1, served: 200, maxConcurrent: 64 },
  });

  test('is told by what is known of it, and nothing else', () => {
    expect(
      linesOf({
        row,
        status: {
          names: ['users'],
          currentMessage: { type: 'call look', forMs: 3_200 },
          state: { type: 'object', shown: '{\n  a: 1\n}' },
        },
      }),
    ).toEqual([
      'id            <0.2>',
      'path          node > users',
      'kind          Supervisor (users)',
      'status        running, for 6 s',
      'strategy      oneForOne, 3 restarts in 5 s',
      'restart       permanent',
      'restarts      2',
      'crashes       3',
      'messages      5 in, 4 handled, 7 sent',
      'mailbox       0 of 100 waiting, 0 dropped',
      'state         object',
      'handles       call look, for 3 s',
      'details       running 1, served 200, maxConcurrent 64',
      'names         users',
      'links         <0.3>',
      'shows         {',
      '                a: 1',
      '              }',
    ]);
  });

  test('lists go on below where there is no room for them', () => {
    const lines = linesOf({ row }, 40);
    expect(lines.filter((line) => line.includes('served') || line.includes('maxConcurrent'))).toEqual([
      'details       running 1, served 200,',
      '              maxConcurrent 64',
    ]);
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(44);
  });

  test('its crashes are told below, and a supervisor without intensity by its strategy alone', () => {
    const lines = linesOf({ row: { ...row, restart: {}, module: 'Supervisor' }, crashes: [CRASH] });
    expect(lines).toContain('strategy      oneForOne');
    expect(lines).toContain('kind          Supervisor');
    expect(lines.at(-1)).toBe('    at four');
  });

  test('nothing that the other end says steers the terminal or breaks a line', () => {
    const evil = '\u001b[2J\u202eevil\u009b31m\nx\ty';
    const lines = linesOf({
      row: {
        ...row,
        type: evil,
        module: evil,
        status: evil,
        strategy: evil,
        links: [evil],
        details: { [evil]: evil },
      },
      status: {
        names: [evil],
        currentMessage: { type: evil, forMs: evil },
        state: { type: evil, shown: evil },
        debug: [evil],
      },
      crashes: [
        { ...CRASH, label: evil, reason: evil, cause: [evil], stack: [evil], decision: evil, id: evil },
      ],
    });
    expect(lines.join('')).toContain('evil');
    for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});
