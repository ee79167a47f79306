/** Requests to EPMD as nodes write them. */

/** Two bytes of length, then the body. */
export function request(body: Uint8Array): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(body.length);
  return Buffer.concat([head, body]);
}

interface Said {
  readonly type?: number;
  readonly lowest?: number;
  readonly extra?: string;
}

/** ALIVE2. `type`: 77 normal, 72 hidden. */
export function aliveRequest(
  name: string,
  port: number,
  { type = 77, lowest = 6, extra = '' }: Said = {},
): Buffer {
  const word = (value: number): readonly number[] => [value >> 8, value & 255];
  const [letters, more] = [Buffer.from(name, 'latin1'), Buffer.from(extra, 'latin1')];
  const head = [120, ...word(port), type, 0, ...word(6), ...word(lowest), ...word(letters.length)];
  return request(Buffer.from([...head, ...letters, ...word(more.length), ...more]));
}

/** PORT_PLEASE2. */
export const portRequest = (name: string): Buffer => request(Buffer.from(`z${name}`, 'latin1'));

/** NAMES. */
export const namesRequest = (): Buffer => request(Buffer.of(110));
