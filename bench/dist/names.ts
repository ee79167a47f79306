/**
 * Names in the bench `dist`.
 */
/** What all nodes know. */
export const COOKIE = 'bench';
/** Whom we are compared with. */
export const ERL = 'erl';
export const ERLANG_JS = 'erlang_js';
export const MESH = 'mesh call';
export const TCP = 'over tcp';
/** Our codec among the codecs. */
export const ESPALIER = 'espalier';
