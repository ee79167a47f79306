/** The view `dht` as it is shown: how full the buckets are, records and their time left, lookups hop by hop. Pure. */
import {
  badge,
  columns,
  figure,
  left,
  node,
  NOTHING,
  number,
  row,
  since,
  size,
  some,
  span,
  table,
  text,
  when,
} from './cells.ts';
import { exact } from './format.ts';
import type { Reader } from './reader.ts';
import type { Bar, Cell, Section, TableRow, Times, Tone } from './sections.ts';
import { note, unknown } from './unknown.ts';

export function dhtView(view: Reader, times: Times): readonly Section[] {
  const [routing, records, lookups] = [view.part('table'), view.part('records'), view.part('lookups')];
  const facts: (readonly [string, Cell])[] = [
    ['Place', placeOf(view)],
    ['Contacts', figure(routing.number('contacts'))],
    ['Did not answer', some(routing.count('lost'), 'contacts that do not answer any more')],
    ['Failing now', some(routing.count('failing'), 'questions that failed a moment ago')],
    ['Records kept', figure(records.number('records'))],
    ['Their size', size(records.number('bytes'))],
    [
      'Refused',
      some(records.count('refused'), 'records that were not believed or had no room, since the start'),
    ],
    ['Lookups', figure(lookups.number('begun'), 'since the start')],
    ['Running', some(lookups.count('running'))],
    [
      'Questions dropped',
      some(lookups.count('dropped'), 'of peers, because there were too many, since the start'),
    ],
  ];
  records.number('marks');
  return [
    { tag: 'facts', title: '', facts },
    ...(note('Buckets', routing) ?? bucketsOf(routing)),
    ...lookupsOf(lookups, times),
    ...(note('Records kept for others', records) ?? recordsOf(records, times)),
    ...(routing.unavailable === '' ? contactsOf(routing) : []),
    ...unknown('', view, times.at),
    ...unknown('routing table', routing, times.at),
    ...unknown('records', records, times.at),
    ...unknown('lookups', lookups, times.at),
  ];
}

function placeOf(view: Reader): Cell {
  const unreachable = view.number('unreachableFor');
  const [joined, alone] = [view.flag('joined'), view.flag('alone')];
  if (unreachable !== null)
    return { ...badge('nobody in reach', 'bad'), title: `for ${span(unreachable).text}` };
  if (alone) return badge('alone', 'plain', 'there is nobody else');
  return joined ? badge('joined', 'good') : badge('looking for its place', 'busy');
}

function bucketsOf(routing: Reader): readonly Section[] {
  const most = routing.number('capacity') ?? 20;
  const { rows } = routing.rows('buckets');
  const bars = rows.map((bucket): Bar => {
    const [index, contacts, spares] = [
      bucket.count('index'),
      bucket.count('contacts'),
      bucket.count('spares'),
    ];
    const looked = bucket.number('lookedUp');
    const parts = [
      `bucket ${index}: ${contacts} of ${most} contacts`,
      ...(spares === 0 ? [] : [`${spares} wait for a place`]),
      looked === null ? 'never looked up' : `looked up ${since(looked).text}`,
    ];
    return { label: String(index), value: contacts, most, title: parts.join(', ') };
  });
  const about = `By the bits that their ids share with this node: few are far away, many are near. A bucket is full at ${most}.`;
  return [{ tag: 'bars', title: 'Buckets', bars, about, none: 'No other node is known yet.' }];
}

const KINDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    nodes: 'nodes near a key',
    providers: 'who serves',
    store: 'where to keep',
  }),
);

function lookupsOf(lookups: Reader, times: Times): readonly Section[] {
  const { rows, more } = lookups.rows('last');
  const shown = rows.map((lookup) => {
    const [key, at, took] = [lookup.node('key'), lookup.number('at'), lookup.number('took')];
    const procedure = lookup.text('procedure');
    const [kind, outcome] = [lookup.text('kind'), lookup.text('outcome')];
    const found = lookup.count('found');
    const [asked, answered, failed] = [
      lookup.count('asked'),
      lookup.count('answered'),
      lookup.count('failed'),
    ];
    const below =
      lookup.get('trace') === null
        ? [
            {
              tag: 'note',
              title: '',
              text: 'Whom it asked is kept only while somebody looks at this tab.',
            } as const,
          ]
        : [traceOf(lookup, took ?? 0)];
    return row(
      `${kind} ${key?.id ?? ''} ${at ?? 0}`,
      [
        when(at, times.at),
        text(KINDS.get(kind) ?? kind),
        procedure === '' ? node(key) : text(procedure, key?.id),
        outcome === 'unreachable' ? badge('nobody answered', 'bad') : foundCell(outcome, found),
        figure(lookup.number('hops')),
        askedCell(asked, answered, failed),
        span(took),
      ],
      [...below, ...unknown('', lookup, times.at)],
    );
  });
  return [
    table(
      {
        title: 'Last lookups',
        columns: columns(
          'Ended',
          'Sought',
          'Procedure or key',
          'Outcome',
          '#Hops|longest chain of referrals',
          '#Asked|nodes that were asked',
          '#Took',
        ),
        none: 'No lookup has ended since the start.',
      },
      shown,
      more,
    ),
  ];
}

function foundCell(outcome: string, found: number): Cell {
  const tone: Tone = found === 0 ? 'warn' : 'good';
  if (outcome === 'stored') return badge(`kept by ${found}`, tone);
  if (outcome === 'providers') return badge(found === 0 ? 'nobody serves it' : `${found} found`, tone);
  return badge(found === 0 ? 'none found' : `${found} nodes`, tone);
}

const askedCell = (asked: number, answered: number, failed: number): Cell =>
  failed === 0
    ? figure(asked, `${answered} answered`)
    : { text: `${exact(asked)}, ${exact(failed)} failed`, kind: 'figure', title: `${answered} answered` };

const ANSWERS: ReadonlyMap<string, readonly [string, Tone]> = new Map(
  Object.entries({
    answered: ['answered', 'good'],
    failed: ['failed', 'bad'],
    late: ['too late', 'warn'],
    waiting: ['not waited for', 'plain'],
  }),
);

/** Hop by hop: whom it asked is further in than who named it. */
function traceOf(lookup: Reader, took: number): Section {
  const { rows, more } = lookup.rows('trace');
  const shown = rows.map((asked, index): TableRow => {
    const [who, depth, after] = [asked.node('node'), asked.count('depth'), asked.number('after')];
    const [said, tone] = ANSWERS.get(asked.text('outcome')) ?? [asked.text('outcome'), 'plain'];
    const part = after === null || took <= 0 ? 0 : Math.min(1, after / took);
    return row(`${who?.id ?? ''} ${index}`, [
      { ...node(who), look: { tag: 'indent', level: Math.max(0, Math.min(8, depth - 1)) } },
      figure(depth),
      node(asked.node('by'), 'known here'),
      text(asked.text('address')),
      badge(said, tone),
      { ...span(after), look: { tag: 'lane', from: part, to: part, tone } },
    ]);
  });
  const names = columns(
    'Node',
    '#Hop',
    'Named by',
    'Address',
    'Outcome',
    '#Asked after|since the lookup began',
  );
  return table(
    { title: 'Hops', columns: names, none: 'Nobody was asked: the answer was here.' },
    shown,
    more,
  );
}

function recordsOf(records: Reader, times: Times): readonly Section[] {
  const { rows, more } = records.rows('kept');
  const shown = rows.map((record) => {
    const [key, publisher] = [record.node('key'), record.node('publisher')];
    const procedure = record.text('procedure');
    const endpoints = record.texts('endpoints');
    return row(
      `${key?.id ?? ''} ${publisher?.id ?? ''}`,
      [
        procedure === '' ? node(key) : text(procedure, key?.id),
        node(publisher),
        record.flag('removed')
          ? badge('withdrawn', 'plain', 'its node serves it no more')
          : badge('serves', 'good'),
        left(record.number('left'), record.number('ttl'), times.now),
        firstOf(endpoints),
        size(record.number('bytes')),
      ],
      [
        {
          tag: 'facts',
          title: '',
          facts: [
            ['Key', node(key)],
            ['Sequence number', number(record.number('seq'), 'a higher one replaces it')],
            ['Reached at', text(endpoints.join(', '))],
          ],
        },
        ...unknown('', record, times.at),
      ],
    );
  });
  const names = columns('Procedure or key', 'Published by', 'State', '#Time left', 'Reached at', '#Size');
  return [
    table({ title: 'Records kept for others', columns: names, none: 'No record is kept here.' }, shown, more),
  ];
}

/** The first of them, and how many more there are. */
function firstOf(all: readonly string[]): Cell {
  const [first = ''] = all;
  return all.length < 2 ? text(first) : text(`${first} +${all.length - 1}`, all.join(', '));
}

function contactsOf(routing: Reader): readonly Section[] {
  const { rows, more } = routing.rows('known');
  const shown = rows.map((contact) => {
    const who = contact.node('node');
    return row(who?.id ?? '', [
      node(who),
      text(contact.text('address')),
      figure(contact.number('bucket')),
      contact.flag('connected') ? badge('connected', 'good') : NOTHING,
      span(contact.number('rtt')),
      since(contact.number('seen')),
    ]);
  });
  const names = columns(
    'Node',
    'Address',
    '#Bucket|bits that its id shares with ours',
    'Connection',
    '#Round trip',
    '#Last answer',
  );
  return [
    table(
      { title: 'Contacts, nearest first', columns: names, none: 'No other node is known yet.' },
      shown,
      more,
    ),
  ];
}
