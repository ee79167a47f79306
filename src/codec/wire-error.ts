/**
 * Error tags of a call and the codes by which they travel in `reply.error.code`, `refused.code` and the like.
 *
 * Pure. Every tag but `protocol_error` has a code of its own, spelled like the tag; `protocol_error` never
 * travels, the stream is closed instead. A code nobody knows (a newer peer) is a `handler_error` that keeps it.
 * Source: SPEC §2.4.
 */

export type ErrorTag =
  | 'timeout'
  | 'service_not_found'
  | 'handler_error'
  | 'handler_crash'
  | 'connection_error'
  | 'no_handler'
  | 'procedure_not_found'
  | 'cross_relay_error'
  | 'overloaded'
  | 'canceled'
  | 'unauthorized'
  | 'frame_too_large'
  | 'invalid_args'
  | 'unencodable'
  | 'protocol_error';

/** What a received code means. */
export interface WireError {
  readonly tag: ErrorTag;
  /** The code as received, when it is not the tag's own: an alias, or one that is unknown here. */
  readonly code?: string;
}

/** Tag → code; undefined for the one that does not travel. */
export const WIRE_CODES: Readonly<Record<ErrorTag, string | undefined>> = {
  timeout: 'timeout',
  service_not_found: 'service_not_found',
  handler_error: 'handler_error',
  handler_crash: 'handler_crash',
  connection_error: 'connection_error',
  no_handler: 'no_handler',
  procedure_not_found: 'procedure_not_found',
  cross_relay_error: 'cross_relay_error',
  overloaded: 'overloaded',
  canceled: 'canceled',
  unauthorized: 'unauthorized',
  frame_too_large: 'frame_too_large',
  invalid_args: 'invalid_args',
  unencodable: 'unencodable',
  protocol_error: undefined,
};

/** Codes that mean a tag beside its own. */
const ALIASES: readonly (readonly [string, ErrorTag])[] = [['relay_unreachable', 'cross_relay_error']];

const BY_CODE = new Map<string, WireError>(ALIASES.map(([code, tag]) => [code, { tag, code }]));
for (const [tag, code] of Object.entries(WIRE_CODES)) {
  if (code !== undefined) BY_CODE.set(code, { tag: tag as ErrorTag });
}

/** The code with which an error of this tag is sent, or undefined when it closes the stream instead. */
export const wireCodeOf = (tag: ErrorTag): string | undefined => WIRE_CODES[tag];

/** What a received code means; an unknown one is a `handler_error` carrying it. */
export const wireErrorOf = (code: string): WireError => BY_CODE.get(code) ?? { tag: 'handler_error', code };
