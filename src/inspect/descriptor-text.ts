/**
 * What a descriptor file of an inspector holds: JSON with where it is, and the token it asks for. Pure.
 */

export interface Descriptor {
  readonly schema: 1;
  readonly pid: number;
  /** Of the inspector, as `http://127.0.0.1:9911`. */
  readonly url: string;
  readonly token: string;
  /** The node, as its ready line names it. */
  readonly node: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** Longest url or node, characters. */
const MAX_TEXT = 1_024;
/** Visible ASCII: what a header may hold. */
const TOKEN = /^[!-~]{1,256}$/;

/** Undefined: it is none, or one of a schema that is not known here. */
export function readDescriptor(text: string): Descriptor | undefined {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof read !== 'object' || read === null) return undefined;
  const { schema, pid, url, token, node, startedAt } = read as Partial<Record<keyof Descriptor, unknown>>;
  if (schema !== 1 || !Number.isSafeInteger(pid) || !Number.isFinite(startedAt)) return undefined;
  if (!isText(url) || !isInspectorUrl(url) || !isText(node) || !isToken(token)) return undefined;
  return { schema, pid: pid as number, url, token, node, startedAt: startedAt as number };
}

/** An address of an inspector: HTTP, and no more than scheme, host, port and a path. */
export function isInspectorUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username + password + search + hash === '';
}

export const isToken = (value: unknown): value is string => typeof value === 'string' && TOKEN.test(value);

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= MAX_TEXT;
