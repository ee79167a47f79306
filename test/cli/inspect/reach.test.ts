import { describe, expect, test } from 'vitest';
import { isFar } from '../../../src/cli/inspect/reach.ts';

const far = (sources: Readonly<Record<string, string>>): boolean => isFar((key) => sources[key]);

describe('isFar', () => {
  test('a node elsewhere is meant when it is named, and nothing else earlier', () => {
    expect(far({ connect: 'cli' })).toBe(true);
    expect(far({ connect: 'cli', url: 'env', pid: 'config' })).toBe(true);
    expect(far({ connect: 'env', url: 'config', token: 'cli' })).toBe(true);
    expect(far({ connect: 'config' })).toBe(true);
    expect(far({ connect: 'env', url: 'cli' })).toBe(false);
    expect(far({ connect: 'config', pid: 'env' })).toBe(false);
    expect(far({ connect: 'default' })).toBe(false);
    expect(far({})).toBe(false);
  });

  test('two places in one breath are a mistake', () => {
    expect(() => far({ connect: 'cli', url: 'cli' })).toThrow('give one of them');
    expect(() => far({ connect: 'env', pid: 'env' })).toThrow('give one of them');
  });
});
