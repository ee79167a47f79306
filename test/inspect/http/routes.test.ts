import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { Routes } from '../../../src/inspect/http/routes.ts';
import type { InspectorSource } from '../../../src/inspect/source.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';

class Response extends EventEmitter {
  status = 0;
  closed = false;

  writeHead(status: number): void {
    this.status = status;
  }
  end(): void {}
  /** It was read, or its reader has left. */
  close(): void {
    this.closed = true;
    this.emit('close');
  }
}

test('an answer counts until it was read: beyond 32 there are no more, and then there are', async () => {
  const source = { crashes: () => Promise.resolve([]) } as unknown as InspectorSource;
  const routes = new Routes(source, false, virtualClock());
  const ask = async (): Promise<Response> => {
    const response = new Response();
    await routes.read('/api/crashes', response as unknown as ServerResponse);
    return response;
  };
  const unread: Response[] = [];
  for (let n = 0; n < 32; n++) unread.push(await ask());
  expect(unread.map(({ status }) => status)).toEqual(Array.from({ length: 32 }, () => 200));
  expect([(await ask()).status, (await ask()).status]).toEqual([429, 429]);
  for (const response of unread.slice(0, 2)) response.close();
  expect([(await ask()).status, (await ask()).status, (await ask()).status]).toEqual([200, 200, 429]);
});

test('one whose reader has left before it was made counts no more, nor does one that failed', async () => {
  let fails = false;
  const crashes = () => (fails ? Promise.reject(new Error('no')) : Promise.resolve([]));
  const routes = new Routes({ crashes } as unknown as InspectorSource, false, virtualClock());
  for (let n = 0; n < 100; n++) {
    const response = new Response();
    response.closed = true;
    fails = n % 2 === 0;
    await routes.read('/api/crashes', response as unknown as ServerResponse).catch(() => undefined);
  }
  const last = new Response();
  fails = false;
  await routes.read('/api/crashes', last as unknown as ServerResponse);
  expect(last.status).toBe(200);
});
