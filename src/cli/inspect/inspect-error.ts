/**
 * What goes wrong between `espalier inspect` and an inspector.
 */

export type InspectFailure =
  /** No runtime of this user has an inspector. */
  | { readonly tag: 'no_runtime' }
  /** Nobody answers there, or not in time. */
  | { readonly tag: 'unreachable'; readonly url: string; readonly detail: string }
  | { readonly tag: 'refused'; readonly url: string; readonly status: number; readonly detail: string }
  /** What answers is no inspector, or one of another schema. */
  | { readonly tag: 'strange'; readonly url: string; readonly detail: string }
  | { readonly tag: 'no_such_actor'; readonly path: string; readonly detail: string };

export class InspectError extends Error {
  override readonly name = 'InspectError';
  readonly failure: InspectFailure;
  constructor(failure: InspectFailure, options?: ErrorOptions) {
    super(describe(failure), options);
    this.failure = failure;
  }
}

function describe(failure: InspectFailure): string {
  switch (failure.tag) {
    case 'no_runtime':
      return 'no inspector of a local runtime was found: start one with espalier node --inspector 9911, or name it by --url';
    case 'unreachable':
      return `the inspector at ${failure.url} cannot be reached: ${failure.detail}`;
    case 'refused':
      return `the inspector at ${failure.url} refuses (${failure.status}): ${failure.detail}`;
    case 'strange':
      return `what answers at ${failure.url} is no inspector of this version: ${failure.detail}`;
    case 'no_such_actor':
      return `there is no actor ${JSON.stringify(failure.path)}: ${failure.detail}`;
  }
}
