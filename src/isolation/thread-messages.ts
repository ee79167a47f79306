/**
 * What a program and its worker threads say to each other, over a port of their own.
 */
import type { MessagePort } from 'node:worker_threads';

/** A job for the thread. Its answer carries the same id. */
export type Job =
  /** Calls an exported function. */
  | { readonly tag: 'call'; readonly id: number; readonly name: string; readonly args: readonly unknown[] }
  /** Runs a callback of the GenServer that the module is; `name` is the tag of a request. */
  | {
      readonly tag: 'callback';
      readonly id: number;
      readonly callback: Callback;
      readonly name: string;
      readonly payload: unknown;
    };

/** `state` gives a copy of the state. */
export type Callback = 'init' | 'call' | 'cast' | 'info' | 'continue' | 'terminate' | 'state';

/** What a server's callback came to, as data; its state stays in the thread. */
export type Done =
  | { readonly kind: 'ok' | 'ignore' | 'unhandled' }
  | { readonly kind: 'started' | 'noReply'; readonly next: unknown }
  | { readonly kind: 'state'; readonly value: unknown }
  | { readonly kind: 'reply'; readonly value: unknown; readonly next: unknown }
  | {
      readonly kind: 'stop';
      readonly reason: unknown;
      readonly reply: { readonly value: unknown } | undefined;
    };

/** What the thread says. */
export type Told =
  | { readonly tag: 'loaded' }
  /** The module could not be loaded. */
  | { readonly tag: 'broken'; readonly error: unknown; readonly marks: Marks }
  | { readonly tag: 'value'; readonly id: number; readonly value: unknown }
  | { readonly tag: 'threw'; readonly id: number; readonly error: unknown; readonly marks: Marks }
  /** It threw what `exit(reason)` throws. */
  | { readonly tag: 'exit'; readonly id: number; readonly reason: unknown }
  /** It returned what `err(reason)` makes. */
  | { readonly tag: 'declared'; readonly id: number; readonly reason: unknown }
  | { readonly tag: 'unclonable'; readonly id: number; readonly detail: string }
  | { readonly tag: 'no_function'; readonly id: number }
  /** The answer to a call whose callback gave `noReply`. */
  | { readonly tag: 'late'; readonly id: number; readonly value: unknown }
  /** A server sends itself a message. */
  | { readonly tag: 'self'; readonly message: unknown };

/** What structured clone loses of an error. */
export interface Marks {
  readonly name: string | undefined;
  readonly code: string | number | undefined;
}

/** The first message to a thread. */
export interface Birth {
  readonly port: MessagePort;
  readonly module: string;
  readonly label: string;
  /** Messages a server may have sent itself between two jobs. */
  readonly bound: number;
}
