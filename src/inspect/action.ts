/**
 * What a client asks an inspector to do, judged. Pure.
 */
import type { Action } from './source.ts';

/** Milliseconds: unless the client says otherwise, and at most. */
const TIMEOUT = { terminate: 5_000, call: 5_000, most: 60_000 } as const;
/** A trace ends by itself after so many messages, or ms. */
const TRACE = { messages: 100, mostMessages: 1_000, ms: 10_000, mostMs: 60_000 } as const;
/** Characters of an id, a reason, a name. */
const LONGEST = 1_024;

/** A string says what is wrong with it. */
export function actionOf(value: unknown): Action | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'the body must be an object';
  const given = value as Readonly<Record<string, unknown>>;
  const { action, id } = given;
  if (action === 'call') return callOf(given);
  if (!isText(id)) return 'id must be that of an actor';
  switch (action) {
    case 'kill':
    case 'suspend':
    case 'resume':
    case 'restartChild':
      return { action, id };
    case 'terminate': {
      const { reason } = given;
      const timeout = within(given['timeoutMs'], TIMEOUT.terminate, TIMEOUT.most);
      if (reason !== undefined && !isText(reason)) return 'reason must be a text';
      if (timeout === undefined) return `timeoutMs must be a number of ms up to ${TIMEOUT.most}`;
      return { action, id, reason, timeout };
    }
    case 'trace': {
      const max = within(given['max'], TRACE.messages, TRACE.mostMessages);
      const ms = within(given['ms'], TRACE.ms, TRACE.mostMs);
      if (max === undefined || ms === undefined)
        return `max must be a number up to ${TRACE.mostMessages}, ms up to ${TRACE.mostMs}`;
      return { action, id, max, ms };
    }
    default:
      return 'action must be kill, terminate, suspend, resume, restartChild, trace or call';
  }
}

function callOf(given: Readonly<Record<string, unknown>>): Action | string {
  const { procedure, args = {} } = given;
  const timeout = within(given['timeoutMs'], TIMEOUT.call, TIMEOUT.most);
  if (!isText(procedure)) return 'procedure must be a name';
  if (timeout === undefined) return `timeoutMs must be a number of ms up to ${TIMEOUT.most}`;
  return { action: 'call', procedure, args, timeout };
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= LONGEST;

const within = (value: unknown, usual: number, most: number): number | undefined => {
  if (value === undefined) return usual;
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= most
    ? (value as number)
    : undefined;
};
