/**
 * A station that writes down what passes it: sockets in front of its own see every datagram of its peers, to it and from
 * it, and can say them again from where the station is.
 */
import type { PhysicalAddress } from '../../src/transport/transport.ts';
import { pour, type Connected, type StreamRecorder } from '../transport/recorder.ts';
import { until } from './quic-bench.ts';
import { RawSocket } from './quic-raw.ts';

/** First byte of what is passed on. */
const RELAYED = 1;
/** Bytes per write. */
const PIECE = 65_536;
/** Milliseconds for all that is carried. */
const CARRYING = 60_000;

interface Kept {
  readonly bytes: Buffer;
  /** Undefined: to the station. */
  readonly to: PhysicalAddress | undefined;
}

export class StationSpy {
  readonly marker: Buffer;
  /** Datagrams in which the marker was. */
  seen = 0;
  /** What was looked at of relayed datagrams. */
  relayedBytes = 0;
  /** The last relayed ones. */
  readonly kept: Kept[] = [];
  readonly #front = new RawSocket();
  readonly #behind = new Map<number, RawSocket>();
  readonly #keep: number;

  /** `keep`: how many relayed datagrams are kept, to be said again. */
  constructor(marker: Buffer, keep: number = 0) {
    this.marker = marker;
    this.#keep = keep;
  }

  /** Where so many peers find the station. */
  async before(station: PhysicalAddress, peers: number): Promise<PhysicalAddress> {
    await this.#front.bind();
    const free: RawSocket[] = [];
    for (let n = 0; n < peers; n++) free.push(await new RawSocket().bind());
    this.#front.onDatagram = (bytes, { address: host, port }) => {
      this.#front.received.length = 0;
      const behind = this.#behind.get(port) ?? free.pop();
      if (behind === undefined) return;
      this.#behind.set(port, behind);
      behind.onDatagram = (back) => {
        behind.received.length = 0;
        this.#look(back, { host, port });
        this.#front.send(back, { host, port });
      };
      this.#look(bytes, undefined);
      behind.send(bytes, station);
    };
    return this.#front.address;
  }

  /** Says again to the peers what was kept; how much that was. */
  again(): number {
    let said = 0;
    for (const { bytes, to } of this.kept) {
      if (to === undefined) continue;
      this.#front.send(bytes, to);
      said++;
    }
    return said;
  }

  async close(): Promise<void> {
    for (const socket of [this.#front, ...this.#behind.values()]) await socket.close();
  }

  #look(bytes: Buffer, to: PhysicalAddress | undefined): void {
    if (bytes.includes(this.marker)) this.seen++;
    if (bytes[0] !== RELAYED) return;
    this.relayedBytes += bytes.length;
    if (this.#keep === 0) return;
    this.kept.push({ bytes: Buffer.from(bytes), to });
    if (this.kept.length > this.#keep) this.kept.shift();
  }
}

/** So many bytes each way at once, all of them the marker again and again; whether they came as they were. */
export async function carry({ here, there }: Connected, marker: Buffer, bytes: number): Promise<boolean> {
  const body = Buffer.alloc(bytes, marker);
  pour(here.open(), body, [PIECE]);
  pour(there.open(), body, [PIECE]);
  const arrived = (): readonly StreamRecorder[] =>
    [here, there].flatMap(({ streams }) => streams.filter(({ ended }) => ended === 1));
  await until(() => arrived().length === 2, CARRYING);
  return arrived().every((stream) => stream.bytes.equals(body));
}
