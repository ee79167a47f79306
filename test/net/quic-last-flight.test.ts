/** A dialer that closes while its last flight is lost: nobody there can read what it says, so it says little. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { CloseCode, ResetCode, type CloseReason, type LinkEvents } from '../../src/transport/transport.ts';
import { quicBench, until } from './quic-bench.ts';

const DEAF: LinkEvents = {
  onOpen: () => undefined,
  onStream: () => ResetCode.notAccepted,
  onCredit: () => undefined,
  onClose: () => undefined,
  onFault: () => undefined,
};

/** A way to `port` that can be closed in the one direction. */
async function way(port: number): Promise<{ readonly port: number; blocked: boolean }> {
  const socket: Socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const open = { port: socket.address().port, blocked: false };
  let dialer = 0;
  socket.on('message', (datagram, from) => {
    if (from.port === port) socket.send(datagram, dialer, '127.0.0.1');
    else {
      dialer = from.port;
      if (!open.blocked) socket.send(datagram, port, '127.0.0.1');
    }
  });
  return open;
}

test('with much queued and its last flight lost a dialer that closes sends a few packets, and no more', async () => {
  const bench = quicBench();
  const listening = await bench.open({ accept: ['macula'], onLink: () => DEAF });
  const dialing = await bench.open({ accept: [] });
  onTestFinished(() => {
    for (const endpoint of [listening, dialing]) endpoint.destroy();
  });
  const between = await way(listening.local.port);
  let closed: CloseReason | undefined;
  const link = dialing.dial(
    { address: { host: '127.0.0.1', port: between.port }, protocol: 'macula' },
    {
      ...DEAF,
      onOpen: (opened) => {
        between.blocked = true;
        const events = { onData() {}, onEnd() {}, onReset() {}, onDrain() {} };
        opened.openStream(events)?.write(new Uint8Array(200_000));
      },
      onClose: (reason) => {
        closed = reason;
      },
    },
  );
  await until(() => between.blocked && dialing.stats().datagramsOut > 10);
  link.close(CloseCode.normal);
  await until(() => closed !== undefined);
  const before = dialing.stats().datagramsOut;
  const more = (): number => dialing.stats().datagramsOut - before;
  // it asks once more, as it was told nothing
  await until(() => more() > 0);
  for (let turns = 0; turns < 500; turns++) await turn();
  expect(closed?.tag).toBe('local');
  expect(more()).toBeLessThan(200);
});
