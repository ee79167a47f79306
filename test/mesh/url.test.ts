import { describe, expect, test } from 'vitest';
import { connectTarget, isLoopbackHost, parseDistRelayUrl, parseMeshUrl } from '../../src/mesh/url.ts';
import { vectors } from '../codec/vectors.ts';

interface Input {
  readonly kind: string;
  readonly url: string;
  readonly options?: { readonly realm?: string };
}
interface Expectation {
  readonly ok?: Readonly<Record<string, unknown>>;
  readonly error?: Readonly<Record<string, unknown>>;
}

describe('mesh and dist relay URLs', () => {
  test.each(vectors<Input, Expectation>('urls'))('vector: $name', ({ input, expect: wanted }) => {
    switch (input.kind) {
      case 'mesh':
      case 'dist-relay': {
        const result = input.kind === 'mesh' ? parseMeshUrl(input.url) : parseDistRelayUrl(input.url);
        if (wanted.ok !== undefined) return expect(result).toEqual({ ok: true, at: wanted.ok });
        return expect(result).toMatchObject({ ok: false, error: wanted.error });
      }
      case 'connect': {
        const result = connectTarget(input.url, input.options?.realm);
        if (wanted.ok !== undefined) return expect(result).toMatchObject({ ok: true, target: wanted.ok });
        return expect(result).toMatchObject({ ok: false, error: wanted.error });
      }
      default:
        return expect.fail(`unknown kind ${input.kind}`);
    }
  });

  test.each([
    ['HTTPS://h', { host: 'h', port: 9_443 }],
    ['https://h:1', { host: 'h', port: 1 }],
    ['https://h:65535', { host: 'h', port: 65_535 }],
    ['https://h:4433/', { host: 'h', port: 4_433 }],
    ['https://a-b.example_1.org', { host: 'a-b.example_1.org', port: 9_443 }],
    ['[2001:db8::7]:5000', { host: '[2001:db8::7]', port: 5_000 }],
    ['10.0.0.1:5000', { host: '10.0.0.1', port: 5_000 }],
  ])('%s is a mesh URL', (url, at) => {
    expect(parseMeshUrl(url)).toEqual({ ok: true, at });
  });

  test.each([
    '://h',
    'https:/h',
    'https://h:',
    'https://h:01',
    'https://h:+1',
    'https://h:1 ',
    'https://h:1\n',
    ' h',
    'h h',
    'h\n',
    'user@h',
    'https://h?x',
    'https://h#x',
    'https://h//',
    '::1',
    '[::1',
    '::1]',
    '[::1]x',
    '[]',
    '[::1]:',
    '[fe80::1%eth0]',
    '[1.2.3.4]',
    'é.org',
    '-h',
    `${'x'.repeat(254)}`,
    'h/',
    'https://quic://h',
    'https://h:1:2',
  ])('%j is none', (url) => {
    expect(parseMeshUrl(url)).toMatchObject({ ok: false, error: { tag: 'invalid_url' } });
    expect(parseDistRelayUrl(url)).toMatchObject({ ok: false, error: { tag: 'invalid_url' } });
  });

  test('what is no string is refused, not thrown', () => {
    for (const url of [undefined, null, 42, {}])
      expect(parseMeshUrl(url as never)).toMatchObject({ ok: false });
  });
});

describe('isLoopbackHost', () => {
  test.each([
    'localhost',
    'LOCALHOST',
    '127.0.0.1',
    '127.255.255.254',
    '::1',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '::ffff:7f00:1',
  ])('%s', (host) => {
    expect(isLoopbackHost(host)).toBe(true);
  });
  test.each([
    '',
    'h',
    'localhost.example.org',
    '128.0.0.1',
    '10.0.0.1',
    '0.0.0.0',
    '127.0.0.1.example.org',
    '127.1',
    '[::]',
    '[::2]',
    '[::ffff:128.0.0.1]',
    '::1%lo',
    'x]',
    '[::1',
  ])('not %j', (host) => {
    expect(isLoopbackHost(host)).toBe(false);
  });
});

describe('connectTarget', () => {
  test('the open realm is the default on loopback only', () => {
    expect(connectTarget('127.0.0.1')).toEqual({
      ok: true,
      target: { host: '127.0.0.1', port: 9_443, realm: 'default', loopback: true },
    });
    expect(connectTarget('10.0.0.1')).toEqual({ ok: false, error: { tag: 'invalid_args', field: 'realm' } });
    // not by name either
    expect(connectTarget('10.0.0.1', 'default')).toEqual(connectTarget('10.0.0.1'));
    expect(connectTarget('10.0.0.1', 'other')).toMatchObject({ ok: true, target: { loopback: false } });
  });

  test('a realm is at most 255 bytes', () => {
    expect(connectTarget('h', 'é'.repeat(127)).ok).toBe(true);
    expect(connectTarget('h', 'é'.repeat(128)).ok).toBe(false);
  });

  test('the URL is judged before the realm', () => {
    expect(connectTarget('ftp://h')).toMatchObject({ error: { tag: 'invalid_url' } });
  });
});
