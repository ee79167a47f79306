/** Questions to the inspector. Every one has a deadline and an answer: none of them throws. */
import { keyHeader } from './key.ts';
import { EventReader, type ServerEvent } from './server-events.ts';
import type { Action, ActionResult } from './wire.ts';

export type Answer<Body> =
  | { readonly ok: true; readonly body: Body }
  /** `status` 0: there was no answer at all. */
  | { readonly ok: false; readonly status: number; readonly error: string };

/** A node that does not answer within this is not there. Milliseconds. */
const DEADLINE = 10_000;

export const get = <Body>(path: string): Promise<Answer<Body>> => ask<Body>(path, { method: 'GET' });

/** @param timeout of the action itself; the answer may take a little longer. */
export function act(action: Action, timeout: number = 5_000): Promise<Answer<ActionResult>> {
  return ask<ActionResult>(
    '/api/actions',
    {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Espalier-Action': '1' },
      body: JSON.stringify(action),
    },
    timeout + DEADLINE,
  );
}

/**
 * An event stream: calls `take` with each event, and ends when the other side has ended it, or `signal` has. What was not begun in time, or
 * breaks off, ends with status 0. Rejects only with what `take` throws.
 */
export async function listen(
  path: string,
  take: (event: ServerEvent) => void,
  signal: AbortSignal,
): Promise<Answer<void>> {
  const late = new AbortController();
  const timer = window.setTimeout(() => late.abort(new DOMException('', 'TimeoutError')), DEADLINE);
  const [decoder, events] = [new TextDecoder(), new EventReader()];
  let reader: ReadableStreamDefaultReader<Uint8Array>;
  try {
    const response = await send(path, { signal: AbortSignal.any([signal, late.signal]) });
    if (!response.ok || response.body === null) return refusalOf(response, await response.json());
    reader = response.body.getReader();
  } catch (error) {
    return silence(error);
  } finally {
    window.clearTimeout(timer);
  }
  for (;;) {
    const piece = await reader.read().catch(silence);
    if ('ok' in piece) return piece;
    if (piece.done) return { ok: true, body: undefined };
    for (const event of events.push(decoder.decode(piece.value, { stream: true }))) take(event);
  }
}

async function ask<Body>(
  path: string,
  init: RequestInit,
  deadline: number = DEADLINE,
): Promise<Answer<Body>> {
  try {
    const response = await send(path, { ...init, signal: AbortSignal.timeout(deadline) });
    const body: unknown = await response.json();
    return response.ok ? { ok: true, body: body as Body } : refusalOf(response, body);
  } catch (error) {
    return silence(error);
  }
}

const send = (path: string, init: RequestInit): Promise<Response> =>
  fetch(path, {
    ...init,
    headers: { ...(init.headers as Record<string, string> | undefined), ...keyHeader() },
    credentials: 'same-origin',
    cache: 'no-store',
    redirect: 'error',
  });

function refusalOf(response: Response, body: unknown): Answer<never> {
  const { error } = (body ?? {}) as { readonly error?: unknown };
  const said = typeof error === 'string' ? error : response.statusText;
  return { ok: false, status: response.status, error: said };
}

function silence(error: unknown): Answer<never> {
  const late = error instanceof DOMException && error.name === 'TimeoutError';
  return { ok: false, status: 0, error: late ? 'no answer in time' : 'the node does not answer' };
}
