/** An inspector that tells what a test wants it to tell: the API over HTTP on loopback, and nothing behind it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const TOKEN = 'fake-token-0123456789';

export interface Fake {
  readonly url: string;
  /** Paths that were asked for, with the token that came along. */
  readonly asked: readonly { readonly path: string; readonly authorization: string | undefined }[];
  /** One more event for all who follow. */
  tell(event: string, data: unknown): void;
  /** Ends all streams. */
  cut(): void;
  close(): Promise<void>;
}

export interface FakeOptions {
  readonly tree: object;
  readonly crashes?: readonly object[];
  /** Answers instead, when it returns true. */
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export async function fakeInspector({ tree, crashes = [], answer }: FakeOptions): Promise<Fake> {
  const streams = new Set<ServerResponse>();
  const asked: { path: string; authorization: string | undefined }[] = [];
  const json = (response: ServerResponse, status: number, body: object): void => {
    response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify(body));
  };
  const server: Server = createServer((request, response) => {
    const { url = '', headers } = request;
    asked.push({ path: url, authorization: headers.authorization });
    if (answer?.(request, response) === true) return;
    if (headers.authorization !== `Bearer ${TOKEN}`) json(response, 401, { error: 'the token is wrong' });
    else if (url === '/api/node')
      json(response, 200, { schema: 1, pid: 7, startedAt: 1, actions: false, views: [] });
    else if (url === '/api/crashes') json(response, 200, { crashes });
    else if (url.startsWith('/api/stream')) {
      response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
      streams.add(response);
      response.on('close', () => streams.delete(response));
      response.write(`event: snapshot\ndata: ${JSON.stringify(tree)}\n\n`);
    } else json(response, 404, { error: 'no such place' });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    tell: (event, data) => {
      for (const stream of streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    cut: () => {
      for (const stream of streams) stream.end();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
