import { describe, expect, test } from 'vitest';
import { rawOf } from '../../../src/mesh/endpoint/raw.ts';
import type { Endpoint, PhysicalAddress } from '../../../src/transport/transport.ts';

const from: PhysicalAddress = { host: '203.0.113.1', port: 9_443 };
const endpointOf = (): Endpoint => ({ onRaw: undefined }) as unknown as Endpoint;

describe('rawOf', () => {
  test('gives each datagram to whoever wants its first byte', () => {
    const endpoint = endpointOf();
    const got: string[] = [];
    rawOf(endpoint).register(3, (_from, bytes) => got.push(`three ${bytes.length}`));
    rawOf(endpoint).register(4, () => got.push('four'));
    for (const bytes of [[3, 1], [4], [5], []]) endpoint.onRaw?.(from, Uint8Array.from(bytes));
    expect(got).toEqual(['three 2', 'four']);
  });

  test('the newest registration counts, and the end of an older one leaves it alone', () => {
    const endpoint = endpointOf();
    const got: string[] = [];
    const stop = rawOf(endpoint).register(3, () => got.push('old'));
    const stopNew = rawOf(endpoint).register(3, () => got.push('new'));
    stop();
    endpoint.onRaw?.(from, Uint8Array.from([3]));
    stopNew();
    endpoint.onRaw?.(from, Uint8Array.from([3]));
    expect(got).toEqual(['new']);
  });
});
