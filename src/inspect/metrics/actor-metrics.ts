/**
 * Those metrics that every tree of actors has, a node's and a dist relay's: read when somebody asks.
 */
import type { Runtime } from '../../actor/runtime.ts';
import type { MetricName } from './catalogue.ts';
import type { Sample } from './exposition.ts';
import type { Mailboxes, MailboxSample } from './mailboxes.ts';

/** Histograms of durations hold milliseconds. */
export const SECONDS = 0.001;

export interface ActorSource {
  readonly runtime: Runtime;
  readonly mailboxes: Mailboxes;
  readonly sampled: MailboxSample;
}

export type Read<Source = ActorSource> = (source: Source) => Iterable<Sample>;

/** One number for each of a few words. */
export const each = (label: string, numbers: Readonly<Record<string, number>>): readonly Sample[] =>
  Object.entries(numbers).map(([word, number]) => ({ labels: { [label]: word }, value: number }));

export type ActorMetric = Extract<
  MetricName,
  `actor_${string}` | `mailbox_${string}` | 'dead_letters_total' | 'message_handle_seconds'
>;

export const ACTOR_METRICS: Readonly<Record<ActorMetric, Read>> = {
  actor_running: ({ sampled }) => [{ value: sampled.actors }],
  actor_restarts_total: ({ runtime }) => each('strategy', runtime.tally.restarts),
  actor_crashes_total: ({ runtime }) => each('kind', runtime.tally.crashes),
  dead_letters_total: ({ runtime }) => [{ value: runtime.tally.deadLetters }],
  mailbox_length: ({ mailboxes }) => [{ histogram: mailboxes.lengths, unit: 1 }],
  mailbox_length_max: ({ sampled }) => [{ value: sampled.longest }],
  mailbox_wait_seconds: ({ runtime }) => [{ histogram: runtime.tally.waits, unit: SECONDS }],
  message_handle_seconds: ({ runtime }) => [{ histogram: runtime.tally.turns, unit: SECONDS }],
};
