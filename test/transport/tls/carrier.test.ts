/** A TLS connection as a bad network: bounded queues, and an end for who takes nothing. */
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

import { beforeEach, describe, expect, test } from 'vitest';

import { virtualClock, type VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { TlsCarrier } from '../../../src/transport/tls/carrier.ts';
import { tlsAddress } from '../../../src/transport/way.ts';

/** The other side takes bytes only when told to. */
class Slow extends Duplex {
  readonly remoteAddress = '127.0.0.1';
  readonly written: Buffer[] = [];
  #taken: (() => void)[] = [];

  override _read(): void {
    // what arrives is pushed
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written.push(chunk);
    this.#taken.push(done);
  }

  accept(): void {
    for (const done of this.#taken.splice(0)) done();
  }
}

let clock: VirtualClock;
let socket: Slow;
let carrier: TlsCarrier;
let ends: number;
let drops: string[];
let got: string[];

beforeEach(() => {
  clock = virtualClock();
  socket = new Slow();
  ends = 0;
  drops = [];
  got = [];
  carrier = new TlsCarrier(tlsAddress(1), socket as unknown as TLSSocket, clock, {
    onDatagram: (datagram) => got.push(datagram.toString()),
    onEnd: () => ends++,
    drop: (reason) => drops.push(reason),
  });
});

describe('TlsCarrier', () => {
  test('queues 512 datagrams and loses the newest beyond', () => {
    for (let count = 0; count < 600; count++) carrier.send(Buffer.from([1]));
    expect(drops).toEqual(Array.from({ length: 88 }, () => 'tls_queue_full'));
  });

  test('queues a mebibyte and no more', () => {
    for (let count = 0; count < 100; count++) carrier.send(Buffer.alloc(16_000));
    expect(drops.length).toBe(100 - Math.floor(1_048_576 / 16_002));
  });

  test('ends a peer that takes nothing for two seconds, and none that takes a little', async () => {
    carrier.send(Buffer.from('a'));
    for (let times = 0; times < 5; times++) {
      carrier.send(Buffer.from('b'));
      await clock.advance(1_500);
      socket.accept();
      await clock.advance(0);
    }
    expect(ends).toBe(0);
    carrier.send(Buffer.from('c'));
    await clock.advance(4_000);
    expect([ends, drops]).toEqual([1, ['tls_stalled']]);
    expect(socket.destroyed).toBe(true);
  });

  test('sends nothing after its end, and ends once', () => {
    carrier.end();
    carrier.end();
    carrier.send(Buffer.from('late'));
    expect([ends, socket.written.length]).toEqual([1, 0]);
  });

  test('says where it comes from, also when it has ended', () => {
    carrier.end();
    Object.assign(socket, { remoteAddress: undefined });
    expect(carrier.remote).toBe('127.0.0.1');
  });

  test('carries datagrams of 2 KiB, and of 16 KiB on this machine', () => {
    const far = new Slow();
    Object.assign(far, { remoteAddress: '192.0.2.1' });
    const wide = new TlsCarrier(tlsAddress(2), far as unknown as TLSSocket, clock, {
      onDatagram: () => undefined,
      onEnd: () => undefined,
      drop: () => undefined,
    });
    for (const size of [2_048, 2_049, 16_384, 16_385]) {
      wide.send(Buffer.alloc(size));
      carrier.send(Buffer.alloc(size));
    }
    const sizes = ({ writableLength }: Slow): number => writableLength;
    expect([sizes(far), sizes(socket)]).toEqual([2_050, 2_050 + 2_051 + 16_386]);
  });
});
