/**
 * What the bench `inspect` asks its process to do, and what that answers.
 */
export type Order =
  | { readonly do: 'start'; readonly busy: number; readonly idle: number }
  /** Messages to all busy actors in turn, for so many ms. */
  | { readonly do: 'work'; readonly warm: number; readonly window: number }
  | { readonly do: 'look' };

export type Word =
  | { readonly tag: 'started'; readonly address: string; readonly token: string }
  /** CPU µs per message. */
  | { readonly tag: 'worked'; readonly micros: number }
  /** Milliseconds for all actors, and the longest for which nothing else ran. */
  | { readonly tag: 'looked'; readonly actors: number; readonly ms: number; readonly longest: number }
  | { readonly tag: 'failed'; readonly reason: string };
