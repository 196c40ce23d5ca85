/** The stock of the stand-in: places, quants, moves and their lines, transfers, lots, packages, counts and returns. */
import type { Model } from '../model';
import { backorderModels } from './backorder';
import { carrier } from './carriers';
import { countWizards } from './count-wizards';
import { moveLine } from './line-model';
import { lot } from './lots';
import { move } from './move-model';
import { packageModels } from './packages';
import { picking } from './picking-model';
import { placeModels } from './places';
import { quant } from './quant-model';
import { returnModels } from './returns';
import { scrap } from './scrap';
import { warehouse } from './warehouses';

export { cancelDeliveries, deliver } from './deliveries';
export { quantities } from './levels';
export { deliveredMethod, toDeliver } from './sales';

export const stockModels: readonly Model[] = [
  ...placeModels,
  warehouse,
  lot,
  ...packageModels,
  quant,
  ...countWizards,
  carrier,
  picking,
  move,
  moveLine,
  ...backorderModels,
  ...returnModels,
  scrap,
];
