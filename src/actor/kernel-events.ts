/**
 * What a runtime logs of its own: crashes, what supervisors did about them, messages nobody wanted.
 *
 * The mesh's events are in `mesh/events/catalogue.ts`; docs/operations.md shows both.
 */
import type { FieldsOf } from './event.ts';

export const KERNEL_EVENTS = {
  'actor.crash': {
    level: 'error',
    fields: {
      id: 'string',
      pid: 'string',
      actor: 'string',
      type: 'string',
      path: 'string',
      reason: 'string',
      stack: 'string?',
      queued: 'number',
    },
    meaning: 'an actor crashed, a handler among them; `id` is what a remote caller was told',
  },
  'actor.unhandled': {
    level: 'warn',
    fields: { pid: 'string', actor: 'string', kind: 'string' },
    meaning: 'an actor got a message it has no callback for; it was dropped',
  },
  'supervisor.progress': {
    level: 'debug',
    fields: { supervisor: 'string', child: 'string', pid: 'string' },
    meaning: 'a supervisor started a child',
  },
  'supervisor.child_terminated': {
    level: 'error',
    fields: { pid: 'string', supervisor: 'string', child: 'string', reason: 'string', decision: 'string' },
    meaning: 'a child ended that should not have; `decision` says whether it is restarted',
  },
  'supervisor.start_error': {
    level: 'error',
    fields: { pid: 'string', supervisor: 'string', child: 'string', reason: 'string', decision: 'string' },
    meaning: 'a child did not start',
  },
  'supervisor.shutdown_error': {
    level: 'error',
    fields: { pid: 'string', supervisor: 'string', child: 'string', reason: 'string', decision: 'string' },
    meaning: 'a child that was told to stop did not end as it should',
  },
  'supervisor.shutdown': {
    level: 'error',
    fields: { pid: 'string', supervisor: 'string', child: 'string', reason: 'string', decision: 'string' },
    meaning: 'a supervisor gave up: more restarts than its intensity allows; the one above it decides',
  },
  'runtime.defect': {
    level: 'error',
    fields: { reason: 'string', stack: 'string?' },
    meaning: 'a listener or callback that must not throw did; nothing else happened',
  },
  'runtime.blocked': {
    level: 'warn',
    fields: { pid: 'string?', actor: 'string?', ms: 'ms', over: 'boolean' },
    meaning:
      'this actor, or none, blocks the event loop, `ms` so far; `over` is true in a second line, when it has ended',
  },
  'machine.log': {
    level: 'debug',
    fields: { label: 'string?', value: 'object?' },
    meaning: 'a state machine ran its own `log` action',
  },
} as const;

export type KernelEvents = typeof KERNEL_EVENTS;
export type KernelEventName = keyof KernelEvents;
export type KernelFields<Name extends KernelEventName> = FieldsOf<KernelEvents[Name]>;
