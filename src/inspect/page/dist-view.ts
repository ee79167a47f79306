/** The view `dist` as it is shown: nodes, what passes between them, what is shared. Pure. */
import {
  badge,
  columns,
  figure,
  left,
  NOTHING,
  number,
  row,
  size,
  some,
  span,
  table,
  text,
} from './cells.ts';
import type { Read, Reader } from './reader.ts';
import type { Cell, Section, TableRow, Times, Tone } from './sections.ts';
import { note, unknown } from './unknown.ts';

/** Looks at a silent peer after which it is gone. */
const TICKS = 4;

export function distView(view: Reader, times: Times): readonly Section[] {
  const kernel = view.part('kernel');
  const { rows, more } = view.rows('peers');
  const name = view.text('name');
  const facts: (readonly [string, Cell])[] = [
    ['Name', name === '' ? badge('not started', 'busy') : text(name)],
    ['Nodes connected', figure(rows.length + more)],
    ['Being dialed', some(kernel.rows('dialing').rows.length + kernel.rows('dialing').more)],
    [
      'At the door',
      some(
        kernel.count('strangers') + kernel.count('accepting'),
        'connections that have not said who they are',
      ),
    ],
    ['Not reached', some(kernel.count('unreached'), 'nodes that did not answer lately')],
    ['Tick time', span(view.number('tickTime'), 'who sends nothing for so long is gone')],
    ['Creation', number(view.number('creation'), 'tells two lives of one name apart')],
    ['Listed', text(view.flag('hidden') ? 'hidden' : 'visible')],
  ];
  kernel.number('up');
  return [
    { tag: 'facts', title: '', facts },
    peersOf(rows, more, times),
    ...(note('Being dialed', kernel) ?? dialingOf(kernel.rows('dialing'))),
    ...(view.get('cluster') === null ? [] : [membersOf(view.rows('cluster'), times)]),
    ...groupsOf(view.rows('groups'), times),
    carriersOf(view.rows('carriers')),
    namesOf(view),
    ...unknown('', view, times.at),
    ...unknown('kernel', kernel, times.at),
  ];
}

function peersOf(all: readonly Reader[], more: number, times: Times): Section {
  const rows = all.map((peer) => {
    const [name, state, busy] = [peer.text('node'), peer.text('state'), peer.flag('busy')];
    const [silent, queued] = [peer.count('silent'), peer.count('queued')];
    const [refused, strange] = [peer.count('refused'), peer.count('unknown')];
    const isUp = state === 'up';
    return row(
      name,
      [
        text(name),
        isUp && busy
          ? badge('up, busy', 'warn', 'so much waits that messages are refused')
          : badge(state, isUp ? 'good' : 'busy'),
        text(peer.flag('ours') ? 'espalier' : 'Erlang'),
        size(peer.number('bytesOut')),
        size(peer.number('bytesIn')),
        queued === 0 ? NOTHING : size(queued),
        figure(peer.number('ticks')),
        silenceOf(silent),
        some(peer.count('relations')),
        some(peer.count('calls') + peer.count('spawns')),
      ],
      [
        {
          tag: 'facts',
          title: '',
          facts: [
            ['Address', text(peer.text('address'))],
            ['Listed', text(peer.flag('hidden') ? 'hidden' : 'visible')],
            ['Creation', number(peer.number('creation'))],
            ['Packets written', figure(peer.number('written'), 'ticks among them')],
            ['Chunks that came', figure(peer.number('arrivals'))],
            ['Refused here', figure(refused, 'messages to it, because too much waits')],
            ['Meant nothing', figure(strange, 'packets')],
          ],
        },
        ...unknown('', peer, times.at),
      ],
    );
  });
  const names = columns(
    'Node',
    'State',
    'Make',
    '#Sent',
    '#Received',
    '#Waits|bytes that it has not taken yet',
    '#Ticks|signs of life in place of packets',
    '#Silence|looks in a row at which nothing had come; it is gone at 4',
    '#Links|links and monitors, both ways',
    '#Calls|calls and spawns without an answer',
  );
  return table({ title: 'Nodes', columns: names, none: 'No other node is connected.' }, rows, more);
}

function silenceOf(silent: number): Cell {
  const tone: Tone = silent === 0 ? 'good' : silent < TICKS - 1 ? 'warn' : 'bad';
  const part = Math.min(1, silent / TICKS);
  return { text: `${silent} of ${TICKS}`, kind: 'figure', look: { tag: 'meter', part, tone } };
}

function dialingOf({ rows, more }: Read): readonly Section[] {
  const shown = rows.map((dialed) => {
    const name = dialed.text('node');
    return row(name, [text(name), figure(dialed.number('waiting'))]);
  });
  const names = columns('Node', '#Wait for it|messages and calls');
  return [table({ title: 'Being dialed', columns: names, none: 'Nobody is being dialed.' }, shown, more)];
}

function membersOf({ rows, more }: Read, times: Times): Section {
  const shown = rows.map((member): TableRow => {
    const [name, next] = [member.text('node'), member.number('next')];
    const [connected, dialing, proven] = [
      member.flag('connected'),
      member.flag('dialing'),
      member.flag('proven'),
    ];
    const state = connected
      ? badge('connected', 'good')
      : dialing
        ? badge('being dialed', 'busy')
        : badge(proven ? 'lost' : 'never reached', 'bad');
    return row(name, [
      text(name),
      state,
      some(member.count('attempt'), 'since it was last connected for long'),
      left(next, null, times.now),
    ]);
  });
  const names = columns('Member', 'State', '#Tries', '#Next try in');
  return table({ title: 'Cluster', columns: names, none: 'The cluster has no other member.' }, shown, more);
}

function groupsOf({ rows, more }: Read, times: Times): readonly Section[] {
  if (rows.length === 0) return [];
  const shown = rows.map((group) => {
    const scope = group.text('scope');
    const shared = group.part('shared');
    if (shared.unavailable !== '')
      return row(scope, [text(scope), badge(shared.unavailable, 'warn'), NOTHING, NOTHING, NOTHING, NOTHING]);
    const { rows: nodes, more: others } = shared.rows('nodes');
    return row(
      scope,
      [
        text(scope),
        badge('shared', 'good'),
        figure(shared.number('groupsHere')),
        figure(shared.number('here')),
        figure(shared.number('groupsElsewhere')),
        figure(shared.number('elsewhere')),
      ],
      [...(nodes.length === 0 ? [] : [nodesOf(nodes, others, times)]), ...unknown('', shared, times.at)],
    );
  });
  const names = columns(
    'Scope',
    'State',
    '#Groups here',
    '#Members here',
    '#Groups elsewhere',
    '#Members elsewhere',
  );
  return [
    table({ title: 'Process groups', columns: names, none: 'No scope of groups is shared.' }, shown, more),
  ];
}

function nodesOf(nodes: readonly Reader[], more: number, times: Times): Section {
  const rows = nodes.map((each) => {
    const name = each.text('node');
    const [refused, stale] = [each.flag('refused'), each.flag('stale')];
    const state = refused
      ? badge('not listened to', 'bad', 'it has offered too much')
      : stale
        ? badge('behind', 'warn', 'it has missed something, and will be told everything anew')
        : badge('even', 'good');
    return row(name, [text(name), state, figure(each.number('members'))], unknown('', each, times.at));
  });
  const names = columns('Node', 'State', '#Members');
  return table({ title: 'With', columns: names, none: 'Nobody else has this scope.' }, rows, more);
}

function carriersOf({ rows, more }: Read): Section {
  const shown = rows.map((carrier, index) => {
    const name = carrier.text('name');
    const address = carrier.text('address');
    return row(`${name} ${index}`, [
      text(name),
      address === '' ? badge('does not listen', 'plain') : badge('listens', 'good'),
      text(address),
      text(carrier.text('protocol')),
    ]);
  });
  const names = columns('Carrier', 'State', 'Address', 'Protocol');
  return table({ title: 'Carried by', columns: names, none: 'Nothing carries it.' }, shown, more);
}

function namesOf(view: Reader): Section {
  const { more } = view.rows('names');
  const rows = view.texts('names').map((name) => row(name, [text(name)]));
  const title = 'Names that other nodes reach';
  return table(
    { title, columns: columns('Name'), none: 'No name of this node is reached from others.' },
    rows,
    more,
  );
}
