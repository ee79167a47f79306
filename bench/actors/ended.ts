/**
 * The end of a workload that other functions bring about.
 */
export interface Ended {
  readonly done: Promise<void>;
  readonly finish: () => void;
}

export function ended(): Ended {
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { done, finish };
}
