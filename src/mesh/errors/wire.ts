/**
 * Failures as they travel in `error { code, message, details }`, both ways.
 *
 * What leaves never holds a stack, a path or a thrown message (SECURITY §12). What arrives is trusted for its
 * tag only; details are taken over where their type is right, texts for people cut and cleaned.
 */
import { wireCodeOf, wireErrorOf } from '../../codec/wire-error.ts';
import type { ErrorPayload } from '../../codec/payloads.ts';
import { isValueMap, type Value, type ValueMap } from '../../codec/value.ts';
import { describeFailure, type CrashKind, type RpcFailure } from './rpc-failure.ts';
import { short } from './short.ts';

export function toWire(failure: RpcFailure): ErrorPayload {
  if (failure.tag === 'handler_error' && failure.code !== undefined) {
    // a newer provider's word passes through a node that does not know it
    return { code: failure.code, message: short(String(failure.reason)) };
  }
  const code = wireCodeOf(failure.tag) ?? 'connection_error';
  const message = describeFailure(failure);
  const details = detailsOf(failure);
  return details === undefined ? { code, message } : { code, message, details };
}

function detailsOf(failure: RpcFailure): Value | undefined {
  switch (failure.tag) {
    case 'handler_error':
      return { reason: failure.reason as Value };
    case 'handler_crash':
      return failure.detail === undefined
        ? { id: failure.id, reason: failure.reason }
        : { id: failure.id, reason: failure.reason, detail: short(failure.detail) };
    case 'timeout':
      return { timeout: failure.timeout, sent: failure.sent !== false };
    case 'connection_error':
      return { sent: failure.sent, detail: short(failure.detail) };
    case 'overloaded':
      return { bound: failure.bound };
    case 'frame_too_large':
      return { limit: failure.limit };
    case 'invalid_args':
      return { field: short(failure.field), detail: short(failure.detail) };
    case 'unencodable':
      return { path: short(failure.path), detail: short(failure.detail) };
    case 'unauthorized':
    case 'protocol_error':
      return { detail: short(failure.detail) };
    case 'procedure_not_found':
    case 'cross_relay_error':
    case 'canceled':
      return failure.detail === undefined ? undefined : { detail: short(failure.detail) };
    default:
      return undefined;
  }
}

/** @param timeout the caller's own budget: the provider knows only what was left of it. */
export function fromWire(error: ErrorPayload, timeout: number): RpcFailure {
  const { tag, code } = wireErrorOf(error.code);
  const details: ValueMap = isValueMap(error.details) ? error.details : {};
  const message = short(error.message);
  const text = (key: string, fallback: string = message): string => {
    const value = details[key];
    return typeof value === 'string' ? short(value) : fallback;
  };
  const count = (key: string, fallback: number): number => {
    const value = details[key];
    return typeof value === 'number' ? value : fallback;
  };
  switch (tag) {
    case 'timeout':
      return { tag, timeout, sent: details['sent'] !== false };
    case 'handler_error':
      return code === undefined
        ? { tag, reason: Object.hasOwn(details, 'reason') ? details['reason'] : message }
        : { tag, reason: message, code: short(code) };
    case 'handler_crash': {
      const crash = { tag, id: text('id', ''), reason: crashKind(details['reason']) } as const;
      return typeof details['detail'] === 'string' ? { ...crash, detail: text('detail') } : crash;
    }
    case 'connection_error':
      return { tag, sent: details['sent'] !== false, detail: text('detail') };
    case 'overloaded':
      return { tag, bound: text('bound', 'peer') };
    case 'frame_too_large':
      return { tag, limit: count('limit', 0) };
    case 'invalid_args':
      return { tag, field: text('field', 'args'), detail: text('detail') };
    case 'unencodable':
      return { tag, path: text('path', '$'), detail: text('detail') };
    case 'unauthorized':
    case 'protocol_error':
      return { tag, detail: text('detail') };
    case 'procedure_not_found':
    case 'cross_relay_error':
    case 'canceled':
      return typeof details['detail'] === 'string' ? { tag, detail: text('detail') } : { tag };
    case 'service_not_found':
    case 'no_handler':
      return { tag };
  }
}

const crashKind = (value: unknown): CrashKind => (value === 'killed' || value === 'oom' ? value : 'error');
