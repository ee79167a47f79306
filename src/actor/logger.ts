/**
 * One logger interface, shaped like pino's, and a small default that writes NDJSON.
 *
 * One event per line, at most 4 KiB of UTF-8, every control character escaped by JSON; a value that cannot be
 * written is replaced, never thrown (SECURITY §12).
 */
import type { Clock } from './clock.ts';

/** From the least severe on; `silent` as a threshold writes nothing. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** What a line tells beside its message; `event` is the name in the catalogue of events. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The part of pino's interface that is used; pass a pino logger as it is. */
export interface Logger {
  /** The least severe level it writes; read once by whoever logs much. Absent: it is asked for everything. */
  readonly level?: string | undefined;
  trace(fields: LogFields, message: string): void;
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  fatal(fields: LogFields, message: string): void;
}

const LEVELS: Readonly<Record<LogLevel, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
  silent: 100,
};

/** From the least severe on; `silent` writes nothing. */
export const LOG_LEVELS: readonly LogLevel[] = Object.keys(LEVELS) as LogLevel[];

/** Longest line, in bytes, with its end: what a pipe takes in one piece (PIPE_BUF). */
const LINE_LIMIT = 4_096;
/** Longest text of one field, in characters. */
const FIELD_LIMIT = 1_024;
/** Of a line that is too long, so many fields of at most this length are kept. */
const SHORT_FIELDS = 12;
const SHORT_LIMIT = 64;
/** Control characters, line ends, and what turns the direction of the text around it, that JSON leaves as they are. */
const NOT_ESCAPED = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * A logger that writes one JSON object per line, 4 KiB at most: `level` (pino's numbers), `time` (milliseconds since
 * 1970), `msg` and the fields. What a field holds beyond 1,024 characters is cut.
 * @param level the least severe that is written. Default `warn`.
 * @param write takes one line without its end. Default: stderr.
 */
export function ndjsonLogger(
  clock: Clock,
  level: LogLevel = 'warn',
  write: (line: string) => void = toStderr,
): Logger {
  const least = LEVELS[level];
  const at =
    (name: LogLevel) =>
    (fields: LogFields, message: string): void => {
      if (LEVELS[name] >= least) write(logLine(clock.wall(), name, fields, message));
    };
  return {
    level,
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
  };
}

const lost = (): void => undefined;

/**
 * Whoever read stderr may be gone: then the line is lost, and nothing else. The listener is there for the errors of
 * these writes only; what the application writes itself fails as it always did.
 */
function toStderr(line: string): void {
  const { stderr } = process;
  if (stderr.listenerCount('error') === 0) stderr.on('error', lost);
  stderr.write(`${line}\n`, (error) => {
    // an error is emitted after this
    if (error === null || error === undefined) stderr.off('error', lost);
  });
}

/** A logger that passes on what is at least so severe. */
export function fromLevel(logger: Logger, level: LogLevel): Logger {
  const at = (name: Exclude<LogLevel, 'silent'>): Logger['info'] =>
    LEVELS[name] < LEVELS[level] ? () => {} : (fields, message) => logger[name](fields, message);
  // the logger's own level, when it is stricter, still holds
  const least = isWanted(logger, level) ? level : (logger.level ?? level);
  return {
    level: least,
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
  };
}

/** Whether a logger writes lines of this level; true when it does not say. */
export function isWanted(logger: Logger, level: LogLevel): boolean {
  const { level: least } = logger;
  return least === undefined || !isLevel(least) || LEVELS[level] >= LEVELS[least];
}

const isLevel = (level: string): level is LogLevel => Object.hasOwn(LEVELS, level);

/** Drops everything. */
export const silentLogger: Logger = {
  level: 'silent',
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  fatal: () => {},
};

function logLine(time: number, level: LogLevel, fields: LogFields, message: string): string {
  const head = { level: LEVELS[level], time: Math.round(time), msg: message.slice(0, FIELD_LIMIT) };
  return (
    encode(() => ({ ...head, ...fields, ...head })) ??
    encode(() => ({ ...head, ...shortOnes(fields), ...head, truncated: true })) ??
    shortest(head, fields)
  );
}

/** Whatever the message holds: at most 6 bytes per character. What happened is told in any case. */
function shortest(head: { readonly msg: string }, fields: LogFields): string {
  const short = { ...head, msg: head.msg.slice(0, SHORT_LIMIT), truncated: true };
  const kept = shortOnes(fields);
  const { event } = kept;
  return (
    encode(() => ({ ...head, ...kept, ...short })) ??
    encode(() => (event === undefined ? short : { ...head, event, ...short })) ??
    '{}'
  );
}

/** Undefined when a value cannot be written or the line is too long. */
function encode(make: () => object): string | undefined {
  try {
    const line = JSON.stringify(make(), shorten).replaceAll(NOT_ESCAPED, escape);
    return Buffer.byteLength(line) < LINE_LIMIT ? line : undefined;
  } catch {
    return undefined;
  }
}

/** The fields that tell lines apart (event, id, pid, …), so that a long one does not take them along. */
function shortOnes(fields: LogFields): LogFields {
  const short: Record<string, unknown> = {};
  try {
    for (const [key, value] of Object.entries(fields).slice(0, SHORT_FIELDS)) {
      if (key.length > SHORT_LIMIT) continue;
      if (typeof value === 'number' || (typeof value === 'string' && value.length <= SHORT_LIMIT))
        short[key] = value;
    }
  } catch {
    // fields that cannot be read are left out
  }
  return short;
}

const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

function shorten(_key: string, value: unknown): unknown {
  if (typeof value === 'string')
    return value.length > FIELD_LIMIT ? `${value.slice(0, FIELD_LIMIT)}…` : value;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return typeof value;
  return value;
}
