import { describe, expect, test } from 'vitest';

import { virtualAddress } from '../../../src/transport/quic/virtual-address.ts';

describe('virtualAddress', () => {
  test('is another address for each link', () => {
    const hosts = [1, 2, 0xffff, 0x1_0000, 0x1_0001, 0xffff_ffff].map((id) => virtualAddress(id).host);
    expect(new Set(hosts).size).toBe(6);
    expect(hosts[3]).toBe('fd00::1:1:0');
  });
});
