import { accountModels } from '../account';
import type { Model } from '../model';
import { stockModels } from '../stock';
import { baseModels } from './base';
import { partner } from './partner';
import { product, productTemplate } from './product';
import { saleModels } from './sale';
import { tax } from './tax';
import { termModels } from './terms';

/** Every model that the stand-in implements, by name. */
export const allModels: ReadonlyMap<string, Model> = new Map(
  [
    ...baseModels,
    partner,
    product,
    productTemplate,
    tax,
    ...saleModels,
    ...stockModels,
    ...termModels,
    ...accountModels,
  ].map((model) => [model.name, model]),
);
