/** `taken` is told when nobody reads the bytes any more, and only then. */
import { expect, test } from 'vitest';

import { QuicStream } from '../../../src/transport/quic/stream.ts';
import type { Link } from '../../../src/transport/transport.ts';

function stream(): QuicStream {
  return new QuicStream(0, {
    link: { congested: false } as Link,
    wrote: () => undefined,
    abandoned: () => undefined,
    resumed: () => undefined,
  });
}

test('taken is called once, when the last byte was handed over', () => {
  const one = stream();
  let calls = 0;
  one.write(new Uint8Array(100));
  one.write(new Uint8Array(50), true, () => {
    calls++;
  });
  one.took(100);
  one.took(49);
  expect(calls).toBe(0);
  one.took(1);
  one.finish();
  expect(calls).toBe(1);
});

test('taken is never called for a stream that is given up, nor for a write behind the end', () => {
  const one = stream();
  let calls = 0;
  const count = (): void => {
    calls++;
  };
  one.write(new Uint8Array(100), true, count);
  one.write(new Uint8Array(10), true, count);
  one.took(60);
  one.finish();
  one.took(40);
  expect(calls).toBe(0);
});
