/** What a dist relay tells of itself: clients, tunnels, and how much of what it allows is used. Pure. */
import {
  badge,
  columns,
  figure,
  NOTHING,
  of,
  perSecond,
  row,
  since,
  size,
  some,
  span,
  table,
  text,
  track,
} from './cells.ts';
import type { Reader } from './reader.ts';
import type { Cell, Section, Times } from './sections.ts';
import { unknown } from './unknown.ts';

export function relayServerView(server: Reader, times: Times): readonly Section[] {
  const [limits, clients, tunnels] = [server.part('limits'), server.part('clients'), server.part('tunnels')];
  const facts: (readonly [string, Cell])[] = [
    ['Clients', of(server.count('identified'), limits.number('clients'))],
    ['Tunnels', of(server.count('open'), limits.number('totalTunnels'))],
    ['Passed on', size(server.number('bytes'))],
    ['Now', perSecond(times.rate('server', server.count('bytes')))],
    ['Serves', text(realmOf(server))],
    ['Frames without sense', some(server.count('skipped'), 'control frames, since the start')],
  ];
  const allowed: (readonly [string, Cell])[] = [
    ['Tunnels of a client', figure(limits.number('tunnels'))],
    ['Rate of a client', perSecond(limits.number('rate'))],
    ['Rate of a tunnel, each way', perSecond(limits.number('tunnelRate'))],
    ['A tunnel may be idle for', span(limits.number('idle'))],
    ['Asks a silent client after', span(limits.number('probe'))],
  ];
  return [
    { tag: 'facts', title: '', facts },
    clientsOf(clients, server, limits, times),
    tunnelsOf(tunnels, server, limits, times),
    { tag: 'facts', title: 'What it allows', facts: allowed },
    ...unknown('', server, times.at),
    ...unknown('limits', limits, times.at),
  ];
}

function realmOf(server: Reader): string {
  const [realm, closed] = [server.text('realm'), server.flag('closed')];
  if (realm === '') return 'whoever comes';
  return closed ? `members of ${realm}` : `the realm ${realm}`;
}

const STATES = ['connected', 'identified'];

function clientsOf(_part: Reader, server: Reader, limits: Reader, times: Times): Section {
  const { rows, more } = server.rows('clients');
  const most = limits.number('tunnels');
  const shown = rows.map((client) => {
    const [actor, name, identified] = [client.text('actor'), client.text('name'), client.flag('identified')];
    const waits = client.count('waits');
    return row(
      actor,
      [
        text(name),
        track(
          identified ? 'identified' : 'not identified',
          STATES,
          identified ? 1 : 0,
          identified ? 'good' : 'busy',
        ),
        of(client.count('tunnels'), most),
        size(client.number('sent')),
        waits === 0 ? NOTHING : badge(`held back ${waits} ms`, 'warn', 'it has used up its rate'),
        span(client.number('rtt')),
        span(client.number('age')),
        text(client.text('address')),
        client.flag('ours') ? text('espalier') : text(identified ? 'another make' : ''),
        client.node('key') === undefined
          ? text('', 'it has proven no key')
          : text(client.node('key')?.short ?? '', client.node('key')?.id),
      ],
      unknown('', client, times.at),
    );
  });
  const names = columns(
    'Client',
    'State',
    '#Tunnels|of both directions',
    '#Sent|into its open tunnels',
    'Rate',
    '#Round trip',
    '#Age',
    'Address',
    'Make',
    'Key',
  );
  return table({ title: 'Clients', columns: names, none: 'No client is connected.' }, shown, more);
}

function tunnelsOf(_part: Reader, server: Reader, limits: Reader, times: Times): Section {
  const { rows, more } = server.rows('tunnels');
  limits.number('idle');
  const shown = rows.map((tunnel) => {
    const id = tunnel.text('id');
    return row(
      id,
      [
        text(tunnel.text('source')),
        text(tunnel.text('target')),
        size(tunnel.number('sent')),
        size(tunnel.number('received')),
        span(tunnel.number('age')),
        since(tunnel.number('idle')),
        text(id),
      ],
      unknown('', tunnel, times.at),
    );
  });
  const names = columns(
    'From',
    'To',
    '#There|bytes from who asked for it',
    '#Back',
    '#Age',
    '#Last byte',
    'Id',
  );
  return table({ title: 'Tunnels', columns: names, none: 'No tunnel is open.' }, shown, more);
}
