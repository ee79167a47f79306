import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  fromLevel,
  isWanted,
  ndjsonLogger,
  silentLogger,
  type LogFields,
  type LogLevel,
} from '../../src/actor/logger.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { hostileValues } from './hostile.ts';

const collect = (level?: LogLevel) => {
  const lines: string[] = [];
  return { lines, logger: ndjsonLogger(virtualClock(1_000), level, (line) => void lines.push(line)) };
};

describe('ndjsonLogger', () => {
  test('writes one object per line with level, time and message', () => {
    const { lines, logger } = collect();
    logger.warn({ event: 'x', count: 2n }, 'hello');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { level: 40, time: 1_000, msg: 'hello', event: 'x', count: '2' },
    ]);
  });

  test('writes from its level up; default warn', () => {
    const names = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
    for (const [at, level] of [...names, undefined, 'silent' as const].entries()) {
      const { lines, logger } = collect(level);
      for (const name of names) logger[name]({}, 'x');
      expect(lines.length).toBe(level === undefined ? 3 : Math.max(0, 6 - at));
    }
  });

  test('whatever the fields hold: one parseable line of at most 4 KiB that keeps the message', () => {
    const { lines, logger } = collect();
    const check = (fields: unknown): void => {
      lines.length = 0;
      logger.error(fields as LogFields, 'what happened');
      expect(lines.length).toBe(1);
      const line = lines[0] as string;
      expect(Buffer.byteLength(`${line}\n`)).toBeLessThanOrEqual(4_096);
      // oxlint-disable-next-line no-control-regex
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
      expect(JSON.parse(line)).toMatchObject({ level: 50, msg: 'what happened' });
    };
    for (const [, value] of hostileValues()) {
      check({ value });
      check({ deep: [{ value }] });
      check(value);
    }
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything({ withBigInt: true })), (fields) =>
        check({ a: fields }),
      ),
      { numRuns: 1_000 },
    );
  });

  test('what turns the direction of text is escaped, and read as it was', () => {
    const { lines, logger } = collect();
    const name = 'safe\u202egnp.exe\u2066\u2069\u200e\u200f\u061c\u202a';
    logger.error({ name, [name]: name }, name);
    expect(lines[0]).not.toMatch(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
    expect(JSON.parse(lines[0] as string)).toMatchObject({ msg: name, name, [name]: name });
  });

  test('fields cannot forge level, time or message', () => {
    const { lines, logger } = collect();
    logger.error({ level: 10, time: 0, msg: 'forged' }, 'true');
    expect(JSON.parse(lines[0] as string)).toMatchObject({ level: 50, time: 1_000, msg: 'true' });
  });

  test('a line that is too long keeps its short fields and says that it was cut', () => {
    const { lines, logger } = collect();
    const long = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`f${i}`, 'y'.repeat(900)]));
    logger.error({ event: 'x', id: 'abc', ...long }, 'm');
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      msg: 'm',
      event: 'x',
      id: 'abc',
      truncated: true,
    });
  });

  test.each(['é', '語', '😀', '\u0001', '\u2028', '\ud800'])(
    'the limit is in bytes, with the end of the line, and a message that is too long keeps its head: %j',
    (text) => {
      const { lines, logger } = collect();
      logger.error({ event: 'x' }, text.repeat(5_000));
      for (const length of [64, 500, 800, 1_024]) {
        logger.error({ event: 'x', a: text.repeat(length), b: text.repeat(length) }, 'm');
        const fields = Array.from({ length: 12 }, (_, i) => [`${i}${text.repeat(30)}`, text.repeat(32)]);
        logger.error(Object.fromEntries(fields), text.repeat(length));
      }
      for (const line of lines) {
        expect(Buffer.byteLength(`${line}\n`)).toBeLessThanOrEqual(4_096);
        const { msg } = JSON.parse(line) as { msg: string };
        expect(msg === 'm' || msg.startsWith(text.repeat(20))).toBe(true);
      }
    },
  );

  test('silentLogger writes nothing', () => {
    const { level, ...writers } = silentLogger;
    expect(level).toBe('silent');
    for (const write of Object.values(writers)) expect(write({}, 'x')).toBeUndefined();
  });
});

const NAMES = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

describe('isWanted', () => {
  test('is what a logger says of its level; one that does not say, or has levels of its own, wants everything', () => {
    const { logger } = collect('warn');
    expect(NAMES.filter((name) => isWanted(logger, name))).toEqual(['warn', 'error', 'fatal']);
    const { level: _level, ...mute } = logger;
    expect(NAMES.every((name) => isWanted(mute, name))).toBe(true);
    expect(NAMES.every((name) => isWanted({ ...mute, level: 'notice' }, name))).toBe(true);
  });
});

describe('fromLevel', () => {
  test('passes on what is severe enough for both', () => {
    for (const [own, level, expected] of [
      ['trace', 'error', ['error', 'fatal']],
      ['error', 'trace', ['error', 'fatal']],
      ['info', 'silent', []],
    ] as const) {
      const { lines, logger } = collect(own);
      const filtered = fromLevel(logger, level);
      for (const name of NAMES) filtered[name]({}, name);
      expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(expected);
      expect(NAMES.filter((name) => isWanted(filtered, name))).toEqual(expected);
    }
  });
});
