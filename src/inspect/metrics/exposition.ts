/**
 * The text format of Prometheus, version 0.0.4. Pure: definitions and samples in, text out.
 *
 * Values of labels may come from peers: they are escaped, control characters are replaced, and they are cut.
 * Source: prometheus.io/docs/instrumenting/exposition_formats.
 */
import type { Histogram } from '../../actor/histogram.ts';
import type { MetricDefinition } from './catalogue.ts';

/** What an HTTP server says that the text is, beside UTF-8. */
export const METRICS_TYPE = 'text/plain; version=0.0.4';

/** Longest value of a label, in characters: the longest name of a procedure. */
const LABEL_LIMIT = 255;

export type Labels = Readonly<Record<string, string>>;

export type Sample =
  | { readonly labels?: Labels; readonly value: number }
  /** `unit`: by what its values are multiplied, 0.001 for milliseconds that are shown as seconds. */
  | { readonly labels?: Labels; readonly histogram: Histogram; readonly unit: number };

/** One metric with all its samples, a piece for each; nothing when there are none. `name`: with its prefix. */
export function* family(
  name: string,
  { type, meaning }: MetricDefinition,
  samples: Iterable<Sample>,
): Generator<string, void> {
  let heading = `# HELP ${name} ${helpOf(meaning)}\n# TYPE ${name} ${type}\n`;
  for (const sample of samples) {
    yield `${heading}${textOf(name, sample)}`;
    heading = '';
  }
}

function textOf(name: string, sample: Sample): string {
  if (!('histogram' in sample)) return line(name, sample.labels, sample.value);
  const lines: string[] = [];
  writeHistogram(lines, name, sample.labels, sample.histogram, sample.unit);
  return lines.join('');
}

/** Buckets are cumulative there, each with its upper edge as the label `le`. */
function writeHistogram(
  lines: string[],
  name: string,
  labels: Labels | undefined,
  { bounds, counts, sum }: Histogram,
  unit: number,
): void {
  let below = 0;
  for (const [place, count] of counts.entries()) {
    below += count;
    const bound = bounds[place];
    const le = bound === undefined ? '+Inf' : numberText(rounded(bound * unit));
    lines.push(line(`${name}_bucket`, { ...labels, le }, below));
  }
  lines.push(line(`${name}_sum`, labels, rounded(sum * unit)), line(`${name}_count`, labels, below));
}

function line(name: string, labels: Labels = {}, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}\n`;
}

/** Milliseconds times 0.001 is not always the number that people would write. */
const rounded = (value: number): number => Number(value.toPrecision(12));

const numberText = (value: number): string =>
  value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value);

const helpOf = (meaning: string): string => meaning.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

/** Control, direction and half characters: some readers of the text refuse it for one of them. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;

const escaped = (text: string): string =>
  text
    .slice(0, LABEL_LIMIT)
    .replace(/[\\"]/g, String.raw`\$&`)
    .replaceAll('\n', String.raw`\n`)
    .replace(UNSAFE, '\ufffd');
