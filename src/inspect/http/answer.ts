/**
 * What every answer of the inspector says beside its body (SECURITY §11).
 */
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../actor/clock.ts';
import type { Halves } from './sessions.ts';

/** Nothing from elsewhere, nothing inline, in no frame; and nobody elsewhere may read it: there are no CORS headers. */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
};

export function begin(
  response: ServerResponse,
  status: number,
  type: string,
  more: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...HEADERS, 'Content-Type': type, 'Cache-Control': 'no-store', ...more });
}

export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  begin(response, status, 'application/json; charset=utf-8', {
    'Content-Length': String(Buffer.byteLength(text)),
  });
  response.end(text);
}

/** JSON that is made while it is read: a turn of the event loop for each piece, and none ahead of its reader. */
export async function answerPieces(
  response: ServerResponse,
  pieces: Iterable<string>,
  clock: Clock,
): Promise<void> {
  begin(response, 200, 'application/json; charset=utf-8');
  for (const piece of pieces) {
    if (response.destroyed) return;
    if (response.write(piece)) await new Promise<void>((resolve) => clock.later(resolve));
    else await drained(response);
  }
  response.end();
}

/** When there is room again, or nobody who reads. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go).off('close', go);
      resolve();
    };
    if (response.destroyed) go();
    else response.on('drain', go).on('close', go);
  });
}

export function answerText(response: ServerResponse, status: number, type: string, text: string): void {
  begin(response, status, `${type}; charset=utf-8`, { 'Content-Length': String(Buffer.byteLength(text)) });
  response.end(text);
}

/**
 * To the page, with a cookie that no script sees and no other site sends along. The key is behind a `#`: browsers keep that to themselves, and
 * the page takes it out of the address.
 */
export function enter(response: ServerResponse, cookie: string, { secret, key }: Halves): void {
  begin(response, 303, 'text/plain; charset=utf-8', {
    Location: `/#k=${key}`,
    'Set-Cookie': `${cookie}=${secret}; HttpOnly; SameSite=Strict; Path=/`,
  });
  response.end();
}

/** The same is at another address. */
export function moveTo(response: ServerResponse, location: string): void {
  begin(response, 303, 'text/plain; charset=utf-8', { Location: location });
  response.end();
}

/** Milliseconds, and bytes of a head, are over: everything else is no HTTP. */
const REFUSALS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

/** To what Node could not read: nothing, where it has answered something else already. */
export function refuseNoHttp(
  error: NodeJS.ErrnoException,
  socket: Duplex & { readonly bytesWritten?: number },
): void {
  if (!socket.writable || socket.bytesWritten !== 0) {
    socket.destroy();
    return;
  }
  const head = Object.entries({
    ...HEADERS,
    'Cache-Control': 'no-store',
    'Content-Length': '0',
    Connection: 'close',
  });
  const lines = head.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${REFUSALS[error.code ?? ''] ?? '400 Bad Request'}\r\n${lines}\r\n`);
}
