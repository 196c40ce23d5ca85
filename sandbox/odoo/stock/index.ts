/** The stock of the stand-in: places, quants, moves and their lines, transfers, lots, packages, counts and returns. */
import type { Model } from '../model';
import { backorderModels } from './backorder';
import { carrier } from './carriers';
import { moveLine } from './line-model';
import { lot } from './lots';
import { move } from './move-model';
import { packageModels } from './packages';
import { picking } from './picking-model';
import { placeModels } from './places';
import { conflict, quant } from './quant-model';
import { returnModels } from './returns';
import { scrap } from './scrap';

export { cancelDeliveries, deliver } from './deliveries';
export { quantities } from './levels';
export { deliveredMethod, toDeliver } from './sales';

export const stockModels: readonly Model[] = [
  ...placeModels,
  lot,
  ...packageModels,
  quant,
  conflict,
  carrier,
  picking,
  move,
  moveLine,
  ...backorderModels,
  ...returnModels,
  scrap,
];
