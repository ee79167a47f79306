/** What a dist relay tells of itself: clients, tunnels, and how much of what it allows is used. Pure. */
import { badge, columns, node, NOTHING, of, perSecond, row, size, some, span, table, text } from './cells.ts';
import type { Reader } from './reader.ts';
import type { Cell, Section, Times } from './sections.ts';
import { unknown } from './unknown.ts';

export function relayServerView(server: Reader, times: Times): readonly Section[] {
  const limits = server.part('limits');
  const bytes = server.count('bytes');
  const facts: (readonly [string, Cell])[] = [
    ['Clients', of(server.count('identified'), limits.number('clients'))],
    ['Not identified', some(server.count('strangers'), 'connections that have not said their name yet')],
    ['Tunnels', of(server.count('open'), limits.number('totalTunnels'))],
    ['Passed on', size(bytes)],
    ['Now', perSecond(times.rate('server', bytes))],
    ['Serves', text(servedBy(server))],
    ['Made no sense', some(server.count('skipped'), 'control frames, since the start')],
  ];
  const allowed: (readonly [string, Cell])[] = [
    ['Rate of a client', perSecond(limits.number('rate'))],
    ['Rate of a tunnel', perSecond(limits.number('tunnelRate'))],
    ['Idle tunnels end', span(limits.number('idle'))],
    [
      'Silent ones asked',
      span(limits.number('probe'), 'after so long a client is asked whether it is there'),
    ],
  ];
  return [
    { tag: 'facts', title: '', facts },
    clientsOf(server, limits, times),
    tunnelsOf(server, times),
    { tag: 'facts', title: 'What it allows', facts: allowed },
    ...unknown('', server, times.at),
    ...unknown('limits', limits, times.at),
  ];
}

function servedBy(server: Reader): string {
  const [realm, closed] = [server.text('realm'), server.flag('closed')];
  if (realm === '') return 'whoever comes';
  return closed ? `members of ${realm}` : `the realm ${realm}`;
}

function clientsOf(server: Reader, limits: Reader, times: Times): Section {
  const { rows, more } = server.rows('clients');
  const most = limits.number('tunnels');
  const shown = rows.map((client) => {
    const [name, key, sent] = [client.text('name'), client.node('key'), client.count('sent')];
    const held = client.number('held');
    return row(
      name,
      [
        text(name),
        held === null
          ? badge('identified', 'good')
          : badge('held back', 'warn', `for ${held} ms: its rate is used up`),
        of(client.count('tunnels'), most),
        size(sent),
        bytesNow(times.rate(`client ${name}`, sent)),
        span(client.number('rtt')),
        span(client.number('age')),
        text(client.flag('ours') ? 'espalier' : 'another'),
        text(client.text('address')),
      ],
      [
        { tag: 'facts', title: '', facts: [['Key', node(key, 'it has proven none')]] },
        ...unknown('', client, times.at),
      ],
    );
  });
  const names = columns(
    'Client',
    'State',
    '#Tunnels|of both directions, of so many',
    '#Sent|into tunnels, since it is connected',
    '#Now',
    '#Round trip',
    '#Age',
    'Make',
    'Address',
  );
  return table({ title: 'Clients', columns: names, none: 'No client is identified.' }, shown, more);
}

const bytesNow = (rate: number | null): Cell => (rate === null || rate <= 0 ? NOTHING : perSecond(rate));

function tunnelsOf(server: Reader, times: Times): Section {
  const { rows, more } = server.rows('tunnels');
  const shown = rows.map((tunnel) => {
    const id = tunnel.text('id');
    const [there, back] = [tunnel.count('sent'), tunnel.count('received')];
    return row(
      id,
      [
        text(tunnel.text('source')),
        text(tunnel.text('target')),
        size(there),
        size(back),
        bytesNow(times.rate(`tunnel ${id}`, there + back)),
        span(tunnel.number('age')),
        text(id),
      ],
      unknown('', tunnel, times.at),
    );
  });
  const names = columns('From', 'To', '#There|bytes from who asked for it', '#Back', '#Now', '#Age', 'Id');
  return table({ title: 'Tunnels', columns: names, none: 'No tunnel is open.' }, shown, more);
}
