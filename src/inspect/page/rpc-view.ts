/** The view `rpc` as it is shown: per procedure who serves it, how often it is called, how calls ended and took. Pure. */
import {
  badge,
  columns,
  figure,
  node,
  NOTHING,
  of,
  often,
  row,
  some,
  span,
  table,
  text,
  when,
} from './cells.ts';
import { count, percent } from './format.ts';
import { isFields, type Reader } from './reader.ts';
import type { Cell, Section, TableRow, Times } from './sections.ts';
import { note, unknown } from './unknown.ts';

export function rpcView(view: Reader, times: Times): readonly Section[] {
  const calls = view.part('calls');
  const procedures = view.part('procedures');
  const { rows, more } = view.rows('procedures');
  const [hits, misses, ratio] = [
    view.count('cacheHits'),
    view.count('cacheMisses'),
    view.number('cacheHitRatio'),
  ];
  const asked = hits + misses;
  const facts: (readonly [string, Cell])[] = [
    ['Open calls', figure(calls.number('open'), 'begun here, and not over')],
    ['To peers', figure(calls.number('out'), 'since the start')],
    ['From peers', figure(calls.number('in'), 'since the start')],
    ['Late replies', some(calls.count('lateReplies'), 'that nobody waited for any more')],
    ['Came twice', some(calls.count('duplicates'), 'calls of peers, dropped')],
    [
      'Found in the cache',
      ratio === null || asked === 0
        ? NOTHING
        : { text: percent(ratio), kind: 'figure', title: `${hits} of ${asked} looks for providers` },
    ],
  ];
  return [
    { tag: 'facts', title: '', facts },
    ...(note('Procedures', procedures) ?? [proceduresOf(rows, more, times)]),
    ...unknown('', view, times.at),
    ...unknown('calls', calls, times.at),
  ];
}

function proceduresOf(all: readonly Reader[], more: number, times: Times): Section {
  const rows = all.map((procedure) => {
    const name = procedure.text('procedure');
    const called = procedure.part('called');
    const { rows: here, more: others } = procedure.rows('here');
    const calls = called.number('calls');
    return row(
      name,
      [
        text(name),
        some(here.length + others),
        some(procedure.count('elsewhere'), 'that the cache knows'),
        figure(calls),
        calls === null ? NOTHING : often(times.rate(`calls ${name}`, calls)),
        span(called.number('p50')),
        span(called.number('p99')),
        splitOf(called.get('outcomes'), 2),
        splitOf(called.get('routes'), 1),
      ],
      [
        ...(here.length === 0 ? [] : [hereOf(here, others, times)]),
        ...unknown('', procedure, times.at),
        ...unknown('', called, times.at),
      ],
    );
  });
  const names = columns(
    'Procedure',
    '#Here|providers at this node, connected clients included',
    '#Elsewhere|providers at other nodes, as far as the cache knows',
    '#Calls|that have ended, since the start',
    '#Now|calls that end in a second',
    '#p50|half of the calls took no longer',
    '#p99|99 of 100 calls took no longer',
    'Outcomes',
    'Routes|where the provider was found',
  );
  const none = 'Nothing is served here, and nothing was called from here.';
  return table({ title: 'Procedures', columns: names, none }, rows, more);
}

/** Counts by name, the largest first. @param said of which the text tells. */
function splitOf(counts: unknown, said: number): Cell {
  if (!isFields(counts)) return NOTHING;
  const parts = Object.entries(counts)
    .flatMap(([label, value]) => (typeof value === 'number' && value > 0 ? [{ label, count: value }] : []))
    .toSorted((a, b) => b.count - a.count)
    .slice(0, 12);
  if (parts.length === 0) return NOTHING;
  const words = parts.map(({ label, count: times }) => `${label.replace(/_/g, ' ')} ${count(times)}`);
  const rest = words.length > said ? ` +${words.length - said}` : '';
  return {
    text: words.slice(0, said).join(' · ') + rest,
    kind: 'text',
    title: words.join(' · '),
    look: { tag: 'split', parts },
  };
}

function hereOf(all: readonly Reader[], more: number, times: Times): Section {
  const rows = all.map((provider, index): TableRow => {
    const [load, kind, who] = [provider.part('load'), provider.text('kind'), provider.node('node')];
    const crashed = load.count('crashed');
    return row(
      `${who?.id ?? ''} ${index}`,
      [
        text(kind === 'handler' ? 'this node' : 'its client', who?.id),
        node(who),
        provider.flag('exclusive') ? badge('the only one', 'plain') : NOTHING,
        when(provider.number('advertisedAt'), times.at),
        figure(provider.number('inFlight')),
        provider.hasPart('load') ? of(load.count('running'), load.number('maxConcurrent')) : NOTHING,
        provider.hasPart('load') ? of(load.count('waiting'), load.number('maxQueue')) : NOTHING,
        figure(load.number('served')),
        crashed === 0 ? NOTHING : badge(String(crashed), 'bad'),
        some(load.count('refused')),
      ],
      [
        {
          tag: 'facts',
          title: '',
          facts: [
            ['Process', text(load.text('actor'))],
            ['Its record lives for', span(provider.number('ttl'))],
          ],
        },
        ...unknown('', provider, times.at),
        ...unknown('', load, times.at),
      ],
    );
  });
  const names = columns(
    'Served by',
    'Node',
    'Exclusive',
    'Since',
    '#In flight',
    '#Running|of so many at once',
    '#Waiting|of so many at most',
    '#Served',
    '#Crashed',
    '#Refused',
  );
  return table({ title: 'Providers here', columns: names, none: 'It is not served here.' }, rows, more);
}
