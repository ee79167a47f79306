import { afterEach, test } from 'vitest';
import { Lab } from './lab.ts';
let lab: Lab | undefined;
afterEach(() => lab?.down());
test.each([true, true, true, false, false])('x %s', async (boot) => {
  lab = new Lab('port', 'blocked');
  const station = await lab.station();
  const b = await lab.node('b', { listen: '0.0.0.0:0', ...(boot ? { bootstrap: [station.url] } : {}), stations: [station.url] });
  const t0 = performance.now();
  const p = await b.do('until', { peer: station.id, paths: ['direct', 'relayed', 'punched'], within: 40000 });
  console.log(boot, Math.round(performance.now() - t0), JSON.stringify(p));
  console.log(JSON.stringify(await b.do('events')), b.errors, station.errors);
}, 60000);
