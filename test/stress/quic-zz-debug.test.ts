import { expect, test } from 'vitest';
import { systemClock } from '../../src/actor/clock.ts';
import { seededRandom, systemRandom } from '../../src/actor/random.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { quicTransport } from '../../src/transport/quic/transport.ts';
import { quiche } from '../net/quic-raw.ts';
import { until } from '../net/quic-bench.ts';
import { FuzzEnd } from '../fuzz/stream-pairs.ts';
import { StreamWitness } from '../fuzz/stream-oracle.ts';

test('debug', async () => {
  const natives: any[] = [];
  const C: any = quiche.Connection;
  const hist = new Map<number, string[]>();
  const note = (id: number, w: string) => { const h = hist.get(id) ?? []; h.push(w); hist.set(id, h); };
  const wrap = (n: any, who: string) => { const sd = n.streamShutdown.bind(n), sr = n.streamRecv.bind(n), ss = n.streamSend.bind(n), sc = n.streamCapacity.bind(n);
    n.streamShutdown = (id: number, h: number, c: number) => { let r = 'ok'; try { return sd(id, h, c); } catch (e: any) { r = e.message; throw e; } finally { note(id, `${who}!shut${h}=${r}`); } };
    n.streamRecv = (id: number, b: any) => { let r: any = ''; try { r = sr(id, b); return r; } catch (e: any) { r = e.message; throw e; } finally { note(id, `${who}!recv=${r}`); } };
    n.streamCapacity = (id: number) => { try { return sc(id); } catch (e: any) { note(id, `${who}!cap=${e.message}`); throw e; } };
    n.streamSend = (id: number, b: any, f: boolean) => { let r: any = ''; try { r = ss(id, b, f); return r; } catch (e: any) { r = e.message; throw e; } finally { note(id, `${who}!send${b.length}${f ? 'F' : ''}=${r}`); } };
    natives.push({ streamCapacity: sc }); return n; };
  const W: any = { ...quiche, Config: quiche.Config, Header: quiche.Header, Shutdown: quiche.Shutdown, Connection: { connect: (...a: any[]) => wrap(C.connect(...a), 'D'), accept: (...a: any[]) => wrap(C.accept(...a), 'A') } };
  const random = seededRandom('dbg' + (process.env['ESPALIER_SEED'] ?? '1'));
  const findings: string[] = [];
  const fuzzing = { random, found: (w: string) => findings.push(w) };
  const P: any = StreamWitness.prototype;
  const side = (s: any) => s.stream?.link.role === 'dialer' ? 'D' : 'A';
  for (const m of ['onReset', 'reset']) { const o = P[m]; P[m] = function (...a: any[]) { if (!this.over) note(this.id, `${side(this)}.${m}(${a})`); return o.apply(this, a); }; }
  const transport = quicTransport(async () => ({ default: W }));
  const shared = { clock: systemClock, random: systemRandom, limits: { streams: 50 } };
  const id = () => createIdentity(systemRandom, systemClock.wall());
  const there = new FuzzEnd('p', 'acceptor', fuzzing), here = new FuzzEnd('p', 'dialer', fuzzing);
  here.peer = there; there.peer = here;
  const server = await transport.open({ ...shared, identity: id(), accept: ['macula'], onLink: () => there });
  const client = await transport.open({ ...shared, identity: id() });
  client.dial({ address: server.local, protocol: 'macula' }, here);
  await until(() => here.open && there.open);
  let leaked: string[] = [];
  for (let op = 0; op < 500_000; op++) {
    (random.u32() & 1 ? here : there).operate();
    if (op % 16 === 0) await new Promise<void>((r) => { setImmediate(r); });
    if (op % 200 === 0) { here.resumeAll(); there.resumeAll(); }
  }
  here.finish(); there.finish();
  await until(() => here.unfinished() + there.unfinished() === 0);
  await new Promise((r) => setTimeout(r, 5_000));
  for (const sid of hist.keys()) {
    const f = natives.map((n) => { try { return 'cap' + n.streamCapacity(sid); } catch (e: any) { return e.message.startsWith('Invalid') ? true : e.message; } });
    if (f[0] !== true || f[1] !== true) leaked.push(`${sid} finished dialer ${f[0]} acceptor ${f[1]}: ${hist.get(sid)!.join(' ')}`);
  }
  console.log(here.link!.streamCredit, there.link!.streamCredit, here.streams, there.streams, findings, leaked.length, JSON.stringify([here.link!.stats(), there.link!.stats()]));
  console.log(leaked.slice(0, 15).join('\n'));
  await client.close(); await server.close();
}, 120_000);
