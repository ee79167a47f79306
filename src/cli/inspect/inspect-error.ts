/**
 * What goes wrong between `espalier inspect` and an inspector.
 */
import { duration } from '../duration.ts';

export type InspectFailure =
  /** No runtime of this user has an inspector. */
  | { readonly tag: 'no_runtime' }
  /** Which one is meant is not said. */
  | { readonly tag: 'several_runtimes'; readonly runtimes: readonly RuntimeFacts[] }
  /** Nobody answers there, or not in time. */
  | { readonly tag: 'unreachable'; readonly url: string; readonly detail: string }
  | { readonly tag: 'refused'; readonly url: string; readonly status: number; readonly detail: string }
  /** A node elsewhere has not named us among those that may look. */
  | { readonly tag: 'unauthorized'; readonly url: string; readonly id: string; readonly detail: string }
  /** What answers is no inspector, or one of another schema. */
  | { readonly tag: 'strange'; readonly url: string; readonly detail: string }
  | { readonly tag: 'no_such_actor'; readonly path: string; readonly detail: string };

/** An inspector on this machine, without its token. */
export interface RuntimeFacts {
  readonly pid: number;
  readonly node: string;
  readonly url: string;
  /** Milliseconds since it was started. */
  readonly age: number;
}

export class InspectError extends Error {
  override readonly name = 'InspectError';
  readonly failure: InspectFailure;
  constructor(failure: InspectFailure, options?: ErrorOptions) {
    super(describe(failure), options);
    this.failure = failure;
  }
}

/** Runtimes that are listed for people. */
const LISTED = 32;

const lineOf = ({ pid, node, url, age }: RuntimeFacts): string =>
  `\n  --pid ${pid}  ${node}  ${url}  up ${duration(age)}`;

function describe(failure: InspectFailure): string {
  switch (failure.tag) {
    case 'no_runtime':
      return 'no inspector of a local runtime was found: start one with espalier node --inspector 9911, or name it by --url';
    case 'several_runtimes':
      return `choose one of these runtimes:${failure.runtimes.slice(0, LISTED).map(lineOf).join('')}`;
    case 'unreachable':
      return `the inspector at ${failure.url} cannot be reached: ${failure.detail}`;
    case 'refused':
      return `the inspector at ${failure.url} refuses (${failure.status}): ${failure.detail}`;
    case 'unauthorized':
      return `the node at ${failure.url} does not let us look: ${failure.detail}; our id is ${failure.id} (espalier node --inspector --inspector-allow ID)`;
    case 'strange':
      return `what answers at ${failure.url} is no inspector of this version: ${failure.detail}`;
    case 'no_such_actor':
      return `there is no actor ${JSON.stringify(failure.path)}: ${failure.detail}`;
  }
}
