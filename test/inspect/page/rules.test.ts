import { describe, expect, test } from 'vitest';
import { mergeCrashes, storyOf } from '../../../src/inspect/page/crash-story.ts';
import { commandOf } from '../../../src/inspect/page/keys.ts';
import { isShown, keep, LOG_LINES } from '../../../src/inspect/page/log-ring.ts';
import { sequence } from '../../../src/inspect/page/sequence.ts';
import { signOf, strategyOf } from '../../../src/inspect/page/signs.ts';
import type { Crash, LogLine } from '../../../src/inspect/page/wire.ts';
import { row } from './rows.ts';

const crash = (id: string, at: number, more: Partial<Crash> = {}): Crash => ({
  id,
  at,
  pid: '<0.1>',
  label: 'a',
  type: 'GenServer',
  path: ['node', 'app'],
  reason: 'x',
  stack: [],
  ...more,
});

describe('crashes', () => {
  test('newest first, each once, what comes later told more', () => {
    const known = [crash('b', 2), crash('a', 1)];
    const merged = mergeCrashes(known, [crash('c', 3), crash('b', 2, { decision: 'restarted' })], 2);
    expect(merged.map(({ id, decision }) => [id, decision])).toEqual([
      ['c', undefined],
      ['b', 'restarted'],
    ]);
  });

  test('say what the supervisor did, in a sentence', () => {
    expect(storyOf(crash('a', 1, { decision: 'restarted', restarts: 2 }))).toBe(
      'Its supervisor app restarted it. Restarts in its window: 2.',
    );
    expect(storyOf(crash('a', 1, { decision: 'given_up' }))).toContain('gave up');
    expect(storyOf(crash('a', 1, { path: [] }))).toBe('Nobody supervises it.');
  });
});

describe('commandOf', () => {
  const press = (key: string, more = {}): Parameters<typeof commandOf>[0] => ({
    key,
    ctrlKey: false,
    altKey: false,
    metaKey: false,
    ...more,
  });

  test('one key, one command', () => {
    expect(['/', 'p', '?', 'Escape'].map((key) => commandOf(press(key), false)?.tag)).toEqual([
      'filter',
      'pause',
      'help',
      'escape',
    ]);
    expect(commandOf(press('1'), false)).toEqual({ tag: 'tab', name: 'tree' });
    expect(commandOf(press('0'), false)).toEqual({ tag: 'tab', name: 'logs' });
  });

  test('a field has its keys, the browser its own', () => {
    expect(['/', 'p', '1', '?'].map((key) => commandOf(press(key), true))).toEqual(Array(4).fill(undefined));
    expect(commandOf(press('Escape'), true)).toEqual({ tag: 'escape' });
    expect(commandOf(press('p', { ctrlKey: true }), false)).toBe(undefined);
  });
});

describe('the log', () => {
  const line = (level: string, event: string): LogLine => ({ level, time: 0, event, fields: { peer: 'Ab' } });

  test('never has more lines than it may', () => {
    const lines: LogLine[] = [];
    for (let at = 0; at < 3 * LOG_LINES; at += 1) keep(lines, line('info', `${at}`));
    expect(lines.length).toBeLessThanOrEqual(LOG_LINES);
    expect(lines.at(-1)?.event).toBe(`${3 * LOG_LINES - 1}`);
  });

  test('shows a level and those above it, and lines with all the words', () => {
    expect(['debug', 'info', 'warn', 'error'].map((level) => isShown(line(level, 'x'), 'warn', ''))).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(isShown(line('info', 'peer.suspect'), 'debug', 'ab SUSPECT')).toBe(true);
    expect(isShown(line('info', 'peer.suspect'), 'debug', 'suspect other')).toBe(false);
  });
});

describe('sequence', () => {
  test('puts several traces into the order of time', () => {
    const event = (at: number): { at: number; direction: 'in'; kind: string; message: { type: string } } => ({
      at,
      direction: 'in',
      kind: 'call',
      message: { type: 'object' },
    });
    const { arrows, lanes } = sequence([
      { id: '1', name: 'a', events: [event(5), event(9)] },
      { id: '2', name: 'b', events: [event(7)] },
    ]);
    expect(lanes.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(arrows.map(({ lane, after }) => [lane, after])).toEqual([
      [0, 0],
      [1, 2],
      [0, 4],
    ]);
  });
});

describe('signs', () => {
  test('say without color what it is and how it is', () => {
    const sign = (more: Parameters<typeof row>[2]): string => signOf(row('a', null, more));
    expect(sign({})).toBe('sign-worker');
    expect(sign({ strategy: 'oneForAll' })).toBe('sign-supervisor');
    expect(sign({ type: 'Procedure', strategy: 'oneForOne' })).toBe('sign-procedure');
    const states = ['crashed', 'restarting', 'suspended', 'starting', 'stopping'] as const;
    expect(new Set(states.map((status) => sign({ status, strategy: 'oneForOne' }))).size).toBe(5);
  });

  test('a strategy is told with its intensity', () => {
    const supervisor = row('a', null, { strategy: 'restForOne', restart: { intensity: 3, period: 5_000 } });
    expect(strategyOf(supervisor)).toBe('restForOne 3/5s');
    expect(strategyOf(row('a', null))).toBe('');
  });
});
