/** A node with an inspector on a real port, on a network in memory; and clients of it that say exactly what they are told to. */
import { connect as dial, type Socket } from 'node:net';
import { request as ask, type IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/actor/clock.ts';
import { ndjsonLogger } from '../../src/actor/logger.ts';
import { seededRandom } from '../../src/actor/random.ts';
import type { InspectorOptions, NodeOptions } from '../../src/mesh/client/options.ts';
import { startNode, type Node } from '../../src/node.ts';
import { memoryNetwork } from '../../src/transport/memory/network.ts';
import type { Transport } from '../../src/transport/transport.ts';
import { until } from './quic-bench.ts';

export interface Inspected {
  readonly node: Node;
  /** On which it listens: for clients on the same machine. */
  readonly transport: Transport;
  readonly port: number;
  readonly token: string;
  /** Of the log, as they come. */
  readonly lines: string[];
  /** Header that lets us in. */
  readonly bearer: { readonly authorization: string };
  ask(path: string, options?: Asking): Promise<Answer>;
  json(path: string): Promise<unknown>;
  act(action: object): Promise<{ ok: boolean; value?: unknown; error?: { tag: string; message: string } }>;
  /** Opens the page by its link: the cookie as it is sent, and the key. */
  enter(): Promise<{ readonly cookie: string; readonly key: string }>;
  /** Writes exactly that, and gives all that came until the other side ended. */
  raw(text: string | Buffer): Promise<string>;
  socket(): Promise<Socket>;
  stream(query?: string): Promise<Events>;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export async function inspected(
  options: InspectorOptions | true = true,
  more: Partial<NodeOptions> = {},
): Promise<Inspected> {
  const lines: string[] = [];
  const transport = memoryNetwork({ clock: systemClock, random: seededRandom('inspected') }).transport();
  const node = await startNode({
    listen: '127.0.0.1:9443',
    dht: false,
    logger: ndjsonLogger(systemClock, 'trace', (line) => void lines.push(line)),
    transport,
    ...more,
    inspector: options,
  });
  onTestFinished(() => node.close({ timeout: 1_000 }));
  const { address, token } = node.inspector!;
  const port = Number(new URL(address).port);
  const bearer = { authorization: `Bearer ${token}` };
  const client = { node, transport, port, token, lines, bearer };
  const asked = (path: string, asking: Asking = {}): Promise<Answer> => question(port, path, asking);
  return {
    ...client,
    ask: asked,
    json: async (path) => JSON.parse((await asked(path, { headers: bearer })).body) as unknown,
    act: async (action) => {
      const headers = { ...bearer, 'content-type': 'application/json', 'x-espalier-action': '1' };
      const body = JSON.stringify(action);
      return JSON.parse((await asked('/api/actions', { method: 'POST', headers, body })).body) as never;
    },
    enter: async () => {
      const { headers } = await asked(`/?t=${token}`);
      const [, key = ''] = (headers.location ?? '').split('#k=');
      return { cookie: headers['set-cookie']![0]!.split(';')[0]!, key };
    },
    socket: () => socketTo(port),
    raw: async (text) => {
      const socket = await socketTo(port);
      socket.end(text);
      return whole(socket);
    },
    stream: (query = '') => events(port, `/api/stream${query}`, bearer),
  };
}

export async function socketTo(port: number): Promise<Socket> {
  const socket = dial(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
}

/** All that comes until the end, however that comes. */
export function whole(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}

function question(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body }: Asking,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = ask({ port, host: '127.0.0.1', path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

export interface Event {
  readonly event: string;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly data: any;
}

export interface Events {
  readonly status: number;
  readonly all: Event[];
  /** The first that holds, of those that came or come. */
  first(holds: (event: Event) => boolean): Promise<Event>;
  readonly over: () => boolean;
  leave(): void;
}

function events(port: number, path: string, headers: Record<string, string>): Promise<Events> {
  return new Promise((resolve, reject) => {
    const all: Event[] = [];
    let over = false;
    const request = ask({ port, host: '127.0.0.1', path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
          const block = text.slice(0, end);
          text = text.slice(end + 2);
          const [, event, data] = /^event: ([^\n]*)\ndata: ([^\n]*)$/.exec(block) ?? [];
          if (event !== undefined) all.push({ event, data: JSON.parse(data!) as unknown });
        }
      });
      const ended = (): void => {
        over = true;
      };
      response.on('end', ended).on('error', ended).on('close', ended);
      resolve({
        status: response.statusCode ?? 0,
        all,
        over: () => over,
        first: async (holds) => {
          await until(() => all.some(holds));
          return all.find(holds)!;
        },
        leave: () => void request.destroy(),
      });
    });
    request.on('error', reject);
    onTestFinished(() => void request.destroy());
    request.end();
  });
}
