/** Questions to the inspector. Every one has a deadline and an answer: none of them throws. */
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

async function ask<Body>(
  path: string,
  init: RequestInit,
  deadline: number = DEADLINE,
): Promise<Answer<Body>> {
  try {
    const response = await fetch(path, {
      ...init,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.timeout(deadline),
    });
    const body: unknown = await response.json();
    if (response.ok) return { ok: true, body: body as Body };
    const { error } = (body ?? {}) as { readonly error?: unknown };
    const said = typeof error === 'string' ? error : response.statusText;
    return { ok: false, status: response.status, error: said };
  } catch (error) {
    const gone = error instanceof DOMException && error.name === 'TimeoutError';
    return { ok: false, status: 0, error: gone ? 'no answer in time' : 'the node does not answer' };
  }
}
