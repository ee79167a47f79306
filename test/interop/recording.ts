/** A transport for a relay that looks for a text in all that passes: what whoever runs a relay could do. */
import { quicTransport } from '../../src/transport/quic/transport.ts';
import type { StreamEvents, Transport } from '../../src/transport/transport.ts';

export class Recorder {
  readonly #marker: Buffer;
  /** How often the marker has passed. */
  found = 0;
  /** Bytes that have passed in tunnels. */
  bytes = 0;

  constructor(marker: string) {
    this.#marker = Buffer.from(marker);
  }

  /** Of streams that the relay opens, which is all tunnels. */
  transport(): Transport {
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

  #listening(events: StreamEvents): StreamEvents {
    const marker = this.#marker;
    let before = Buffer.alloc(0);
    return {
      onData: (bytes) => {
        this.bytes += bytes.length;
        const seen = Buffer.concat([before, bytes]);
        for (let at = seen.indexOf(marker); at >= 0; at = seen.indexOf(marker, at + marker.length))
          this.found++;
        // a marker in two parts, and none twice
        before = seen.subarray(Math.max(0, seen.length - marker.length + 1));
        events.onData(bytes);
      },
      onEnd: () => events.onEnd(),
      onReset: (code) => events.onReset(code),
      onDrain: () => events.onDrain(),
    };
  }
}
