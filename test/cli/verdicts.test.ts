import { describe, expect, test } from 'vitest';
import {
  clockVerdict,
  compareVersions,
  nodeVersionVerdict,
  platformVerdict,
  udpBufferVerdict,
} from '../../src/cli/doctor/verdicts.ts';

describe('verdicts of doctor', () => {
  test('versions are compared part by part, as numbers', () => {
    expect(compareVersions('20.19.0', '20.19')).toBe(0);
    expect(compareVersions('20.9.9', '20.19.0')).toBeLessThan(0);
    expect(compareVersions('24.0.0-rc.1', '20.19.0')).toBeGreaterThan(0);
  });

  test('a Node.js older than the package allows fails', () => {
    expect(nodeVersionVerdict('20.18.3', '20.19.0')).toMatchObject({
      status: 'fail',
      hint: expect.any(String) as string,
    });
    expect(nodeVersionVerdict('20.19.0', '20.19.0').status).toBe('ok');
  });

  test('only platforms with a proven native build are fine', () => {
    expect(platformVerdict('linux', 'x64', 'glibc 2.36').status).toBe('ok');
    expect(platformVerdict('linux', 'x64', 'glibc 2.31')).toMatchObject({
      status: 'warn',
      hint: expect.stringContaining('2.34') as string,
    });
    expect(platformVerdict('linux', 'x64', 'musl').status).toBe('warn');
    expect(platformVerdict('linux', 'arm64', 'glibc 2.36').status).toBe('warn');
    expect(platformVerdict('darwin', 'arm64', 'none').status).toBe('warn');
  });

  test('Linux reports doubled buffers: half of it counts', () => {
    expect(udpBufferVerdict('linux', 8_388_608, 8_388_608, 4_194_304).status).toBe('ok');
    expect(udpBufferVerdict('linux', 425_984, 8_388_608, 4_194_304)).toMatchObject({
      status: 'warn',
      detail: 'receive 208 KiB, send 4096 KiB of 4096 KiB',
      hint: expect.stringContaining('net.core.rmem_max=4194304') as string,
    });
    expect(udpBufferVerdict('darwin', 4_194_304, 4_194_304, 4_194_304).status).toBe('ok');
  });

  test('a clock before the first release or without a date fails, a coarse one warns', () => {
    expect(clockVerdict(0, 0.001).status).toBe('fail');
    expect(clockVerdict(NaN, 0.001).status).toBe('fail');
    expect(clockVerdict(1_790_000_000_000, -1).status).toBe('fail');
    expect(clockVerdict(1_790_000_000_000, 15).status).toBe('warn');
    expect(clockVerdict(1_790_000_000_000, 0.001)).toEqual({
      status: 'ok',
      detail: '2026-09-21 UTC, monotonic steps of 1.00 µs',
    });
  });
});
