/**
 * What views are made of: plain data of JSON's own kinds, bounded, and the questions to actors behind them.
 *
 * Ids come in full and short, durations in ms, times as ms since 1970, what has no bound or is not known is null. Names
 * and reasons may come from peers: they are cut, and escaping is up to whoever shows them.
 */
import type { ActorName, MeshContext } from '../../mesh/context.ts';
import type { NameScope } from '../../actor/names.ts';
import type { Runtime } from '../../actor/runtime.ts';
import { ExitError } from '../../otp/errors.ts';
import { ServerRef } from '../../otp/server-ref.ts';

/** Milliseconds that an actor has for an answer. */
export const PATIENCE = 500;
/** Hex digits of an id that tell it from others; as in the command. */
const SHORT = 16;
/** Characters of a name or a reason. */
const LONGEST = 256;

/** Stands for what could not be had now. */
export interface Unavailable {
  /** For people. */
  readonly unavailable: string;
}

/** A part of a view that one component answers for. */
export type Section<T> = T | Unavailable;

/** Rows of lists within the rows of a list, in all; and of one, at most and at least. */
const WITHIN = 600;
const WITHIN_ONE = 20;
const WITHIN_LEAST = 2;

export interface Rows<Row> {
  readonly rows: readonly Row[];
  /** Left out. */
  readonly more: number;
}

/** A node or client, by the hash of its key. */
export interface NodeId {
  /** 64 hex digits; empty: not known. */
  readonly id: string;
  readonly short: string;
}

export const isUnavailable = <T>(section: Section<T>): section is Unavailable =>
  typeof section === 'object' && section !== null && 'unavailable' in section;

export const RESTARTING: Unavailable = { unavailable: 'it is being restarted' };

export const nodeId = (id: string): NodeId => ({ id, short: id.slice(0, SHORT) });

/** The first `most` of `total` items; nothing is done for the others. */
export function listed<Item, Row>(
  items: Iterable<Item>,
  total: number,
  most: number,
  row: (item: Item) => Row,
): Rows<Row> {
  const rows: Row[] = [];
  if (most > 0)
    for (const item of items) {
      rows.push(row(item));
      if (rows.length >= most) break;
    }
  return { rows, more: Math.max(0, total - rows.length) };
}

/** The same where only a walk over all items tells how many there are. */
export function counted<Item, Row>(items: Iterable<Item>, most: number, row: (item: Item) => Row): Rows<Row> {
  const rows: Row[] = [];
  let more = 0;
  for (const item of items)
    if (rows.length < most) rows.push(row(item));
    else more++;
  return { rows, more };
}

/** How many rows a list within each of `rows` others may have: a view has to fit into a call. */
export const within = (rows: number): number =>
  Math.max(WITHIN_LEAST, Math.min(WITHIN_ONE, Math.floor(WITHIN / Math.max(1, rows))));

/** A name or a reason, cut between characters. */
export function text(said: string): string {
  if (said.length <= LONGEST) return said;
  const last = said.charCodeAt(LONGEST - 2);
  const isHalf = last >= 0xd800 && last <= 0xdbff;
  return `${said.slice(0, isHalf ? LONGEST - 2 : LONGEST - 1)}…`;
}

/** Whole milliseconds; null when there are none. */
export const ms = (duration: number | undefined): number | null =>
  duration === undefined || !Number.isFinite(duration) ? null : Math.round(duration);

/** A hundredth of a millisecond exact: round trips may be short. */
export const fine = (duration: number | undefined): number | null =>
  duration === undefined || !Number.isFinite(duration) ? null : Math.round(100 * duration) / 100;

/** Since a moment of the runtime's clock. */
export const since = ({ clock }: Runtime, at: number | undefined): number | null =>
  at === undefined ? null : ms(Math.max(0, clock.now() - at));

/** Until a moment of the runtime's clock; 0 when that is over. */
export const until = ({ clock }: Runtime, at: number): number | null => ms(Math.max(0, at - clock.now()));

/** Asks an actor of the node; whatever keeps it from answering is said in its place. */
export function ask<Calls extends object, Answer>(
  { runtime, scope }: Pick<MeshContext, 'runtime' | 'scope'>,
  name: ActorName,
  question: (server: ServerRef<Calls>, options: { readonly timeout: number }) => Promise<Answer>,
): Promise<Section<Answer>> {
  return askIn(runtime, scope, name, question);
}

/** The same of any scope. */
export async function askIn<Calls extends object, Answer>(
  runtime: Runtime,
  scope: NameScope,
  name: string,
  question: (server: ServerRef<Calls>, options: { readonly timeout: number }) => Promise<Answer>,
): Promise<Section<Answer>> {
  try {
    return await question(new ServerRef<Calls>(runtime, { scope, name }), { timeout: PATIENCE });
  } catch (error) {
    if (!(error instanceof ExitError)) throw error;
    return { unavailable: whyNot(error.reason) };
  }
}

/** Never the reason itself: it may hold what somebody has thrown. */
function whyNot(reason: unknown): string {
  if (reason === 'noproc') return 'it is not running';
  if (reason === 'timeout') return `it has not answered within ${PATIENCE} ms`;
  const isFull = typeof reason === 'object' && reason !== null && 'overloaded' in reason;
  return isFull ? 'its mailbox is full' : 'it has ended meanwhile';
}
