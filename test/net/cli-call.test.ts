/**
 * `espalier call`: every exit code, and the form of values.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  advertiseWith,
  endAll,
  espalier,
  FILE_LIMIT,
  nodeWith,
  run,
  SERVICES,
  type Child,
  type Ended,
} from '../cli/process.ts';

let node: Child;
let provider: Child;
let url: string;
let id: string;

beforeAll(async () => {
  ({ node, url, id } = await nodeWith({ limit: FILE_LIMIT }, '--log-level', 'silent'));
  provider = await advertiseWith({ limit: FILE_LIMIT }, url, SERVICES, '--log-level', 'silent');
});

afterAll(async () => {
  expect(await provider.end()).toMatchObject({ code: 0, stderr: expect.stringMatching(/^SIGTERM: .*\n$/) });
  expect(await node.end()).toMatchObject({ code: 0 });
  await endAll();
});

interface Failed {
  readonly ok: boolean;
  readonly error: {
    readonly tag: string;
    readonly message: string;
    readonly retryable: boolean;
    readonly details: unknown;
  };
}

const call = (...args: readonly string[]): Promise<Ended> => run(['call', url, ...args]);
const failed = (ended: Ended): Failed => JSON.parse(ended.stdout) as Failed;

describe('exit codes', () => {
  test('0: the value is printed as JSON', async () => {
    expect(await call('test.echo', '{"a":[1,null,"x"]}')).toEqual({
      code: 0,
      signal: null,
      stdout: '{"a":[1,null,"x"]}\n',
      stderr: '',
    });
  });

  test('1: a node of another id is refused before anything is called', async () => {
    const ended = await call('test.echo', '--node-id', '0'.repeat(64), '--json');
    expect(ended).toMatchObject({ code: 1, stderr: '' });
    expect(failed(ended).error.tag).toBe('unauthorized');
    expect((await call('test.echo', '--node-id', id.toUpperCase())).code).toBe(0);
  });

  test.each([
    { rule: 'an unknown option', args: ['test.echo', '--timeuot', '5'], says: 'Did you mean --timeout?' },
    { rule: 'a missing argument', args: [], says: "missing required argument 'procedure'" },
    { rule: 'a timeout that is none', args: ['test.echo', '--timeout', '0'], says: 'whole milliseconds' },
    { rule: 'JSON that cannot be parsed', args: ['test.echo', '{a:1}'], says: 'args: is not JSON' },
    { rule: 'args that are no object', args: ['test.echo', '[1]'], says: 'args: must be a JSON object' },
    {
      rule: 'an integer that would be rounded',
      args: ['test.echo', '{"a":9007199254740993}'],
      says: '$bigint',
    },
    { rule: 'a bad name', args: ['Test Echo'], says: 'procedure: must be' },
  ])('2: $rule, with a message on stderr', async ({ args, says }) => {
    const ended = await call(...args);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(says);
  });

  test('2: a bad URL, as a document', async () => {
    const ended = await run(['call', 'ftp://127.0.0.1', 'test.echo', '--json']);
    expect(ended).toMatchObject({ code: 2, stderr: '' });
    expect(failed(ended)).toEqual({
      ok: false,
      error: {
        tag: 'invalid_args',
        message: expect.stringContaining('url') as string,
        retryable: false,
        details: { field: 'url', detail: expect.any(String) as string },
      },
    });
  });

  test('3: nobody serves the procedure', async () => {
    const ended = await call('test.nobody', '--json');
    expect(ended).toMatchObject({ code: 3, stderr: '' });
    expect(failed(ended).error).toEqual({
      tag: 'service_not_found',
      message: expect.any(String) as string,
      retryable: true,
      details: {},
    });
  });

  test('4: the time is up, and the document tells the whole budget; a call that may run twice may be repeated', async () => {
    const hanging = ['test.hang', '--timeout', '1500', '--json'];
    const both = await Promise.all([call(...hanging), call(...hanging, '--idempotent')]);
    for (const [index, ended] of both.entries()) {
      expect(ended).toMatchObject({ code: 4, stderr: '' });
      expect(failed(ended).error).toMatchObject({
        tag: 'timeout',
        retryable: index === 1,
        details: { timeout: 1500, sent: true },
      });
    }
    const lines: string[] = [];
    while (lines.length < 4) lines.push(await provider.line());
    expect(lines.toSorted()).toEqual(['aborted', 'aborted', 'entered', 'entered']);
  });

  test('4: connecting counts: a port where nobody answers', async () => {
    const ended = await run(['call', 'https://127.0.0.1:9', 'test.echo', '--timeout', '200', '--json']);
    expect(ended).toMatchObject({ code: 4, stderr: '' });
    expect(failed(ended).error).toMatchObject({ tag: 'timeout', details: { timeout: 200 } });
  });

  test('5: a declared failure, its reason in the form of values', async () => {
    const ended = await call('test.fail', '--json');
    expect(ended).toMatchObject({ code: 5, stderr: '' });
    expect(failed(ended).error).toMatchObject({
      tag: 'handler_error',
      retryable: false,
      details: { reason: { why: 'no', code: 7, raw: { $bytes: 'AQI=' } } },
    });
  });

  test('5: a crash, which tells nothing of what was thrown', async () => {
    const ended = await call('test.crash');
    expect(ended).toMatchObject({ code: 5, stdout: '' });
    expect(ended.stderr).toContain('[handler_crash]');
    expect(ended.stderr).not.toContain('secret');
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '130: %s cuts the call off and aborts the handler',
    async (signal) => {
      const calling = espalier(['call', url, 'test.hang', '--timeout', '20000', '--json']);
      expect(await provider.line()).toBe('entered');
      const ended = await calling.end(signal);
      expect(ended).toMatchObject({ code: 130, signal: null, stderr: '' });
      expect(failed(ended).error).toMatchObject({
        tag: 'canceled',
        details: { detail: `interrupted by ${signal}` },
      });
      expect(await provider.line()).toBe('aborted');
    },
  );
});

describe('values', () => {
  test('bytes, large integers and odd numbers go there and back', async () => {
    const value =
      '{"bytes":{"$bytes":"AAEC/w=="},"large":{"$bigint":"18446744073709551615"},"odd":[{"$number":"NaN"},{"$number":"-Infinity"},1e+300],"escaped":{"$$bytes":"no bytes"}}';
    expect(await call('test.echo', value)).toMatchObject({ code: 0, stdout: `${value}\n`, stderr: '' });
  });

  test('args are read from stdin for -', async () => {
    const ended = await run(['call', url, 'test.echo', '-'], { input: '{"from":"stdin"}' });
    expect(ended).toMatchObject({ code: 0, stdout: '{"from":"stdin"}\n' });
  });

  test('no args are an empty object', async () => {
    expect(await call('test.echo')).toMatchObject({ code: 0, stdout: '{}\n' });
  });

  test('--max-body bounds what is sent', async () => {
    const large = JSON.stringify({ text: 'x'.repeat(4_096) });
    expect((await call('test.echo', large)).code).toBe(0);
    const ended = await call('test.echo', large, '--max-body', '2k', '--json');
    expect(ended.code).toBe(1);
    expect(failed(ended).error.tag).toBe('frame_too_large');
  });
});
