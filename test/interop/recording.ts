/**
 * Looks for a text in all that passes a relay: in the streams of tunnels, as whoever runs it could, and in every datagram that this
 * process receives, which are those of the relay too.
 */
import { Socket } from 'node:dgram';
import { onTestFinished } from 'vitest';
import { quicTransport } from '../../src/transport/quic/transport.ts';
import type { StreamEvents, Transport } from '../../src/transport/transport.ts';

export class Recorder {
  readonly #marker: Buffer;
  /** How often the marker has passed. */
  found = 0;
  /** Bytes that have passed in the streams of tunnels, and those of all datagrams. */
  bytes = 0;
  datagramBytes = 0;

  constructor(marker: string) {
    this.#marker = Buffer.from(marker);
  }

  /** Of streams that the relay opens, which is all tunnels. */
  transport(): Transport {
    this.#listenToDatagrams();
    const quic = quicTransport();
    return {
      kind: quic.kind,
      open: (options) =>
        quic.open({
          ...options,
          onLink: (link) => {
            const openStream = link.openStream.bind(link);
            link.openStream = (events) => openStream(this.#listening(events));
            return options.onLink?.(link) ?? 0;
          },
        }),
    };
  }

  /** Of all sockets here, until the test is over. */
  #listenToDatagrams(): void {
    const { emit } = Socket.prototype;
    onTestFinished(() => {
      Socket.prototype.emit = emit;
    });
    const look = this.#looking();
    const count = (bytes: Uint8Array): void => {
      this.datagramBytes += bytes.length;
      look(bytes);
    };
    Socket.prototype.emit = function (this: Socket, event: string | symbol, ...rest: unknown[]): boolean {
      if (event === 'message') count(rest[0] as Uint8Array);
      return Reflect.apply(emit, this, [event, ...rest]) as boolean;
    } as typeof emit;
  }

  #looking(): (bytes: Uint8Array) => void {
    const marker = this.#marker;
    let before = Buffer.alloc(0);
    return (bytes) => {
      const seen = Buffer.concat([before, bytes]);
      for (let at = seen.indexOf(marker); at >= 0; at = seen.indexOf(marker, at + marker.length))
        this.found++;
      // a marker in two parts, and none twice
      before = seen.subarray(Math.max(0, seen.length - marker.length + 1));
    };
  }

  #listening(events: StreamEvents): StreamEvents {
    const look = this.#looking();
    return {
      onData: (bytes) => {
        this.bytes += bytes.length;
        look(bytes);
        events.onData(bytes);
      },
      onEnd: () => events.onEnd(),
      onReset: (code) => events.onReset(code),
      onDrain: () => events.onDrain(),
    };
  }
}
