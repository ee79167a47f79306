/** Nodes of a cluster in a process of their own, on compiled code: cluster-child.mjs COUNT BOOTSTRAP */
import { startNode } from '../../dist/src/index.js';
import { silentLogger } from '../../dist/src/otp.js';

const [count, bootstrap] = process.argv.slice(2);

const open = async () => {
  const node = await startNode({
    listen: '127.0.0.1:0',
    logger: silentLogger,
    bootstrap: [bootstrap],
    dist: { cookie: 'secret', cluster: { strategy: 'dht', name: 'processes' } },
  });
  const member = { node, ups: 0, downs: [] };
  node.dist.monitorNodes(({ tag, node: name }) => {
    if (tag === 'nodeup') member.ups++;
    else member.downs.push(name);
  });
  return member;
};

const members = await Promise.all(Array.from({ length: Number(count) }, open));
process.on('message', () =>
  process.send(
    members.map(({ node, ups, downs }) => ({ name: node.dist.name, nodes: node.dist.nodes(), ups, downs })),
  ),
);
process.send('ready');
