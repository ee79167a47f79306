/**
 * Asks the HTTP API of an inspector: documents, and its stream of events.
 *
 * Shell: `node:http`. Follows no redirect, so that the token goes where it was meant to go and nowhere else. Every answer
 * has a limit and a deadline. Throws `InspectError`.
 */
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { systemClock } from '../../actor/clock.ts';
import { EventReader } from './event-stream.ts';
import type { FollowOptions } from './inspection.ts';
import { InspectError } from './inspect-error.ts';
import { fieldsOf, textOf } from './row.ts';

/** Where an inspector is, and what it asks for. */
export interface Target {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token: string;
}

/** Bytes of an answer, characters of an event: ten times a tree of 10,000 actors. */
const MAX_ANSWER = 67_108_864;
/** Bytes of a refusal that are read. */
const MAX_REFUSAL = 4_096;
/** Until an answer begins, and between two pieces of it, milliseconds. */
const PATIENCE = 10_000;
/** A stream that tells nothing for so long is dead: it has signs of life every 15 s. Milliseconds. */
const SILENCE = 40_000;

/** The JSON at `path`, as `/api/tree`. */
export async function getJson(target: Target, path: string, signal: AbortSignal): Promise<unknown> {
  const response = await open(target, path, 'application/json', signal);
  const text = await textIn(response, target, MAX_ANSWER);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new InspectError({ tag: 'strange', url: target.url, detail: 'its answer is not JSON' }, { cause });
  }
}

/** Tells events until the stream ends or breaks, which throws, or the signal ends it, which does not. */
export async function follow(target: Target, { signal, interval, onEvent }: FollowOptions): Promise<void> {
  const { url } = target;
  try {
    const response = await open(target, `/api/stream?interval=${interval}`, 'text/event-stream', signal);
    const reader = new EventReader(MAX_ANSWER);
    response.setTimeout(SILENCE, () => response.destroy(new Error('it fell silent')));
    response.setEncoding('utf8');
    for await (const piece of response as AsyncIterable<string>) {
      for (const event of reader.push(piece)) {
        await onEvent(event);
        // what came along with it is nobody's any more
        if (signal.aborted) return;
      }
    }
  } catch (cause) {
    if (signal.aborted) return;
    throw cause instanceof InspectError
      ? cause
      : new InspectError({ tag: 'unreachable', url, detail: reasonOf(cause) }, { cause });
  }
  if (!signal.aborted) throw new InspectError({ tag: 'unreachable', url, detail: 'it ended the stream' });
}

async function open(
  target: Target,
  path: string,
  accept: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { url, token } = target;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const ask = url.startsWith('https:') ? httpsRequest : httpRequest;
    const asked: ClientRequest = ask(
      `${url}${path}`,
      {
        headers: { Accept: accept, Authorization: `Bearer ${token}` },
        signal,
        agent: false,
        timeout: PATIENCE,
      },
      resolve,
    );
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${PATIENCE} ms`)));
    asked.on('error', reject);
    asked.end();
  }).catch((cause: unknown) => {
    throw new InspectError({ tag: 'unreachable', url, detail: reasonOf(cause) }, { cause });
  });
  const { statusCode: status = 0, headers } = response;
  if (status !== 200) throw await refusal(response, target, status);
  const type = headers['content-type'] ?? '';
  if (!type.startsWith(accept)) {
    response.destroy();
    throw new InspectError({ tag: 'strange', url, detail: 'its answer is of another type' });
  }
  return response;
}

async function refusal(response: IncomingMessage, target: Target, status: number): Promise<InspectError> {
  const { url } = target;
  const text = await textIn(response, target, MAX_REFUSAL).catch(() => '');
  let told = '';
  try {
    told = textOf(fieldsOf(JSON.parse(text))['error']);
  } catch {
    // not one of ours
  }
  const detail = told === '' ? (response.statusMessage ?? '') : told;
  return new InspectError({ tag: 'refused', url, status, detail });
}

async function textIn(response: IncomingMessage, { url }: Target, most: number): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  // a piece a second would keep us for ever
  const timer = systemClock.setTimer(PATIENCE, () => response.destroy(new Error('it takes too long')));
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > most) throw new Error(`it is longer than ${most} bytes`);
      pieces.push(piece);
    }
  } catch (cause) {
    throw new InspectError({ tag: 'unreachable', url, detail: reasonOf(cause) }, { cause });
  } finally {
    systemClock.clear(timer);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { code } = cause as NodeJS.ErrnoException;
  return code === 'ECONNREFUSED' ? 'nothing listens there' : cause.message;
}
