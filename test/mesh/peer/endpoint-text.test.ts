import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { addressText, parseAddress, parseEndpoint } from '../../../src/mesh/peer/endpoint-text.ts';

interface Case {
  readonly name: string;
  readonly input: { readonly op: string; readonly endpoint?: string };
  readonly expect: unknown;
}

const { cases } = JSON.parse(readFileSync('test/vectors/pool-endpoints.json', 'utf8')) as {
  readonly cases: readonly Case[];
};

describe('test/vectors/pool-endpoints.json, endpoints', () => {
  const parsing = cases.filter(({ input }) => input.op === 'parseEndpoint');

  test('has cases', () => {
    expect(parsing.length).toBeGreaterThan(15);
  });

  test.each(parsing)('$name', ({ input, expect: expected }) => {
    const result = parseEndpoint(input.endpoint ?? '');
    expect(result.ok ? { ok: result.at } : { error: result.error }).toEqual(expected);
  });
});

describe('an endpoint', () => {
  test.each([
    '[::1%eth0]:1',
    '[1.2.3.4]:1',
    'ho st:1',
    'host/path:1',
    '-h:1',
    `${'a'.repeat(254)}:1`,
    '[::1]x:1',
  ])('%s has no host', (text) => {
    expect(parseEndpoint(text)).toEqual({
      ok: false,
      error: { tag: 'invalid_endpoint', reason: expect.stringMatching(/^invalid_/) },
    });
  });
});

describe('an address', () => {
  test.each(['1.2.3.4:9443', '[2001:db8::1]:1', '127.0.0.1:65535'])(
    '%s is read and written the same',
    (text) => {
      const address = parseAddress(text);
      expect(address === undefined ? undefined : addressText(address)).toBe(text);
    },
  );

  test.each([
    'host:1',
    '1.2.3.4',
    '1.2.3.4:0',
    '::1:9443',
    '0.0.0.0:1',
    '255.255.255.255:1',
    '224.0.0.1:1',
    '[ff02::1]:1',
    '[::]:1',
    '',
  ])('%s cannot be dialed', (text) => {
    expect(parseAddress(text)).toBe(undefined);
  });
});
