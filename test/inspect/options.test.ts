/** Whether there is an inspector, and where it may listen (SECURITY §11). */
import { describe, expect, test } from 'vitest';
import { checkNodeOptions } from '../../src/config.ts';
import type { InspectorOptions } from '../../src/mesh/client/options.ts';
import { closeAtEnd, meshWorld, processesOf } from '../mesh-world.ts';

const field = (inspector: unknown): string | undefined => {
  try {
    checkNodeOptions({ inspector: inspector as InspectorOptions });
    return undefined;
  } catch (error) {
    return (error as { readonly failure: { readonly field?: string } }).failure.field;
  }
};

describe('the inspector', () => {
  test('is off unless it is asked for: no actor, no place', async () => {
    const world = meshWorld();
    const node = await world.node({});
    closeAtEnd(world, node);
    expect(node.inspector).toBeUndefined();
    expect(processesOf(node).map(({ label }) => label)).not.toContain('inspector');
    const off = await world.node({ inspector: false, listen: '0.0.0.0:9444' });
    closeAtEnd(world, off);
    expect(off.inspector).toBeUndefined();
  });

  test.each(['127.0.0.1', '127.0.0.2', '127.255.255.254', '::1'])('may listen at %s', (host) => {
    expect(field({ host })).toBeUndefined();
  });

  test.each([
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '192.168.1.1',
    '128.0.0.1',
    '::ffff:10.0.0.1',
    'fe80::1',
    'localhost',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.1',
    '0x7f000001',
    '',
    ' 127.0.0.1',
    '127.0.0.1:80',
    null,
    ['127.0.0.1'],
  ])('and never at %j: it has no TLS of its own', (host) => {
    expect(field({ host })).toBe('inspector.host');
  });

  test.each([
    ['token', 'x'.repeat(15)],
    ['token', 'x'.repeat(257)],
    ['token', 'with a blank in between'],
    ['token', 'x'.repeat(20) + '\n'],
    ['token', ''],
    ['allow', ['ab']],
    ['allow', ['*']],
    ['allow', 'ab'.repeat(32)],
    ['allow', ['AB'.repeat(32)]],
    ['actions', 'yes'],
    ['actions', 1],
    ['port', -1],
    ['port', 65_536],
    ['metricsOpen', true],
  ])('%s: %j is refused', (name, value) => {
    expect(field({ [name]: value })).toBe(`inspector.${name}`);
  });
});
