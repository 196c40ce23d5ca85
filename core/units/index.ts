export {
  aliasesOf,
  aliasOf,
  type Resolved,
  resolveUnit,
  UNIT_SCHEMES,
  type UnitScheme,
  unitKey,
} from './aliases';
export { type ArithmeticQuestion, arithmetic } from './arithmetic';
export { type Converted, convert, convertible, convertRounded, type Packaging } from './convert';
export {
  checkOdooUnits,
  codeOf,
  type OdooUnit,
  type OdooUnitCheck,
  odooRatio,
  odooRoot,
  odooSize,
} from './odoo';
export { searchUnits, suggestUnits, type UnitCandidate } from './suggest';
export { currentCode, type Unit, type UnitKind, type UnitStatus, unitName, unitOf, units } from './units';
