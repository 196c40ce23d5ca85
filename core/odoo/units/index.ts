export { type CodedUnit, codedUnit, isPiece, rootUnit } from './coded';
export { readUnits, type UnitRows } from './read';
