/** Traces of several actors as one sequence diagram: a line of life each, what came in and what went out. Pure. */
import type { TraceEvent } from './wire.ts';

export interface Traced {
  readonly id: string;
  readonly name: string;
  readonly events: readonly TraceEvent[];
}

export interface Arrow {
  readonly lane: number;
  readonly y: number;
  readonly direction: 'in' | 'out';
  /** `call object (3)` */
  readonly label: string;
  /** Milliseconds since the first. */
  readonly after: number;
}

export interface Sequence {
  readonly lanes: readonly { readonly id: string; readonly name: string }[];
  readonly arrows: readonly Arrow[];
  readonly height: number;
  /** Left out. */
  readonly more: number;
}

const MAX_ARROWS = 1_000;
const ROW = 24;
const TOP = 12;

/** By time; equal times in the order of the lanes, and there in their own. */
export function sequence(traced: readonly Traced[]): Sequence {
  const all = traced
    .flatMap(({ events }, lane) => events.map((event) => ({ lane, event })))
    .toSorted((a, b) => a.event.at - b.event.at);
  const start = all[0]?.event.at ?? 0;
  const arrows = all.slice(0, MAX_ARROWS).map(({ lane, event }, index) => ({
    lane,
    y: TOP + index * ROW,
    direction: event.direction,
    label: labelOf(event),
    after: event.at - start,
  }));
  return {
    lanes: traced.map(({ id, name }) => ({ id, name })),
    arrows,
    height: TOP + arrows.length * ROW,
    more: all.length - arrows.length,
  };
}

function labelOf({ kind, message }: TraceEvent): string {
  const size = message.size === undefined ? '' : ` (${message.size})`;
  return `${kind} ${message.type}${size}`;
}
