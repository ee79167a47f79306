/** A reader of Prometheus text that others have written. Of histograms with labels it keeps the last one only. */
import { createRequire } from 'node:module';

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'COUNTER' | 'GAUGE' | 'HISTOGRAM';
  readonly metrics: readonly {
    readonly value?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly buckets?: Readonly<Record<string, string>>;
    readonly count?: string;
    readonly sum?: string;
  }[];
}

export const parsed = createRequire(import.meta.url)('parse-prometheus-text-format') as (
  text: string,
) => readonly Family[];

/** The value of a sample as it stands in the text, name and labels; undefined: there is none. */
export function valueOf(text: string, sample: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length + 1));
}
