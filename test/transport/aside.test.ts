import { describe, expect, test } from 'vitest';
import { AsideSocket } from '../../src/transport/aside.ts';
import type { Endpoint } from '../../src/transport/transport.ts';

/** A socket that says when it is destroyed, and the hands that open it. */
function sockets() {
  const opened: { resolve(socket: Endpoint): void; reject(error: Error): void }[] = [];
  const destroyed: string[] = [];
  const make = (): Promise<Endpoint> =>
    new Promise((resolve, reject) => {
      opened.push({ resolve, reject });
    });
  const socket = (name: string): Endpoint =>
    ({ name, destroy: () => destroyed.push(name) }) as unknown as Endpoint;
  return { make, opened, destroyed, socket };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('AsideSocket', () => {
  test('is opened when it is first wanted, once for all who want it', async () => {
    const { make, opened, socket } = sockets();
    const aside = new AsideSocket(make);
    const got: unknown[] = [];
    aside.open((one) => got.push(one));
    aside.open((one) => got.push(one));
    const only = socket('a');
    opened[0]!.resolve(only);
    await turn();
    aside.open((one) => got.push(one));
    expect(opened).toHaveLength(1);
    expect(got).toEqual([only, only, only]);
  });

  test('one that cannot be had is wanted again', async () => {
    const { make, opened, socket } = sockets();
    const aside = new AsideSocket(make);
    const got: unknown[] = [];
    aside.open((one) => got.push(one));
    opened[0]!.reject(new Error('EMFILE'));
    await turn();
    aside.open((one) => got.push(one));
    const second = socket('b');
    opened[1]!.resolve(second);
    await turn();
    expect(got).toEqual([undefined, second]);
  });

  test('ends with its owner, also while it is being opened; whoever waits is told', async () => {
    const { make, opened, destroyed, socket } = sockets();
    const aside = new AsideSocket(make);
    const got: unknown[] = [];
    aside.open((one) => got.push(one));
    aside.destroy();
    opened[0]!.resolve(socket('late'));
    await turn();
    aside.open((one) => got.push(one));
    expect(got).toEqual([undefined, undefined]);
    expect(destroyed).toEqual(['late']);
    const other = new AsideSocket(make);
    other.open(() => {});
    opened[1]!.resolve(socket('open'));
    await turn();
    other.destroy();
    expect(destroyed).toEqual(['late', 'open']);
  });
});
