/**
 * The last third of the meshes of `npm test`.
 */
import { testSeeds } from './seeds.ts';

testSeeds(['11', '12', '13', '14', '15', '16']);
