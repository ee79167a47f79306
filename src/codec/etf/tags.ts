/** The tags of the External Term Format that are read, and those that only nodes of this project use between them. Pure. */
export const VERSION = 131;

export const NEW_FLOAT = 70;
export const BIT_BINARY = 77;
export const COMPRESSED = 80;
export const NEW_PID = 88;
export const NEW_PORT = 89;
export const NEWER_REFERENCE = 90;
export const SMALL_INTEGER = 97;
export const INTEGER = 98;
/** Latin-1, as old nodes send them. */
export const ATOM_LATIN1 = 100;
export const SMALL_TUPLE = 104;
export const LARGE_TUPLE = 105;
export const NIL = 106;
export const STRING = 107;
export const LIST = 108;
export const BINARY = 109;
export const SMALL_BIG = 110;
export const LARGE_BIG = 111;
export const NEW_FUN = 112;
export const EXPORT = 113;
export const SMALL_ATOM_LATIN1 = 115;
export const MAP = 116;
export const ATOM_UTF8 = 118;
export const SMALL_ATOM_UTF8 = 119;
export const V4_PORT = 120;

/**
 * Between nodes that have both set the flag `JAVASCRIPT`: strings and plain objects, which Erlang has no terms for. `TEXT` is
 * `length(4) ‖ UTF-8`, `OBJECT` is `pairs(4)` and for each key `length(4) ‖ UTF-8`, then the value.
 */
export const TEXT = 200;
export const OBJECT = 201;
