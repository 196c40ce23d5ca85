export { checkDigit, isChecked } from './check-digit';
export {
  type Gln,
  type Gs1Kind,
  type Gtin,
  gtinAtLevel,
  type Read,
  type Restriction,
  readGln,
  readGtin,
  readSscc,
  type Sscc,
} from './gs1';
export { dunsHint, vatHint } from './hints';
export { expandUpcE } from './upc-e';
