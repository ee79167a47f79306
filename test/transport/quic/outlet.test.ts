/** Where datagrams leave: what comes for others never piles up here. */
import { expect, test } from 'vitest';

import { MAX_WAITING, Outlet } from '../../../src/transport/quic/outlet.ts';
import { RelayedWays } from '../../../src/transport/quic/relayed-ways.ts';
import type { UdpSocket } from '../../../src/transport/quic/socket.ts';
import { tlsAddress } from '../../../src/transport/way.ts';

const CLIENT = { host: '192.0.2.7', port: 1_000 };

test('what is relayed for others is lost while 512 datagrams wait for the system; what is our own is not', () => {
  // a system that takes nothing
  let waiting = 0;
  const socket = {
    get waiting() {
      return waiting;
    },
    send: () => {
      waiting++;
      return true;
    },
  } as unknown as UdpSocket;
  const drops: string[] = [];
  let carried = 0;
  const carriers = new Map([[tlsAddress(1).host, { send: () => carried++ }]]);
  const outlet = new Outlet(socket, new RelayedWays(), carriers, (reason) => drops.push(reason));
  for (let count = 0; count < MAX_WAITING + 3; count++) outlet.pass(Buffer.alloc(100), CLIENT);
  expect([waiting, drops]).toEqual([
    MAX_WAITING,
    ['relay_queue_full', 'relay_queue_full', 'relay_queue_full'],
  ]);
  outlet.sendCopy(Buffer.alloc(100), CLIENT);
  // TLS connections have queues of their own
  outlet.pass(Buffer.alloc(100), tlsAddress(1));
  expect([waiting, carried, drops.length]).toEqual([MAX_WAITING + 1, 1, 3]);
});
