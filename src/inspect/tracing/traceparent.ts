/**
 * Trace context as W3C writes it: `traceparent` to its parts and back. Pure; never throws.
 *
 * A version we do not know is read as far as version 00 goes. Source: W3C Trace Context §3.2.
 */

export interface TraceIds {
  /** 32 and 16 hex digits, lower case, not all zero. */
  readonly traceId: string;
  readonly spanId: string;
  /** One byte; bit 0: sampled. */
  readonly flags: number;
}

const FORMAT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

/** Undefined for what is none. */
export function parseTraceparent(text: string): TraceIds | undefined {
  const [, version, traceId = NO_TRACE, spanId = NO_SPAN, flags = '', more] = FORMAT.exec(text) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

export const formatTraceparent = ({ traceId, spanId, flags }: TraceIds): string =>
  `00-${traceId}-${spanId}-${(flags & 0xff).toString(16).padStart(2, '0')}`;
