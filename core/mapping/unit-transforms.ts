/**
 * Transforms of units and identifiers. What a partner's code means was taught (core/cross-reference), or the code list says
 * it; nothing is guessed. An unknown code is a fault of its own with the case/each arithmetic in words, so that a person
 * sees at once what teaching it would do.
 */
import { readDecimal, toPlain } from '../canonical/decimal';
import { CrossdockError } from '../errors';
import { type Gtin, type Read, readGln, readGtin, readSscc } from '../identifiers';
import {
  aliasOf,
  convert,
  type Packaging,
  type Resolved,
  resolveUnit,
  suggestUnits,
  type UnitScheme,
  unitName,
  unitOf,
} from '../units';
import { ask, type Evaluate, type Frame, faultOf, isMissing, SpecFault, textOf, ValueFault } from './frame';
import { type Factories, number, type Transform } from './transform';
import type { Operand } from './types';
import { compileOperand, type ValueCompiler } from './value';

/** What was taught about a code, as core/cross-reference gives it. */
interface Taught {
  readonly targetScheme: string;
  readonly target: string;
  readonly packLevel: string | null;
  readonly quantityPerUnit: string | null;
  readonly ofUnit: string | null;
}

const MAX_CODE = 100;

function taughtOf(value: unknown): Taught | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { targetScheme, target, packLevel, quantityPerUnit, ofUnit } = value as Partial<Taught>;
  if (typeof targetScheme !== 'string' || typeof target !== 'string') return undefined;
  const optional = (given: unknown): string | null => (typeof given === 'string' ? given : null);
  return {
    targetScheme,
    target,
    packLevel: optional(packLevel),
    quantityPerUnit: optional(quantityPerUnit),
    ofUnit: optional(ofUnit),
  };
}

function codeOf(value: unknown): string {
  const code = textOf(value).trim();
  if (code.length > MAX_CODE) throw new ValueFault(`the code is longer than ${MAX_CODE} characters`);
  return code;
}

type Optional = (frame: Frame) => string | undefined;

function optional(operand: Operand | undefined, compiler: ValueCompiler): Optional {
  const read: Evaluate | undefined = operand === undefined ? undefined : compileOperand(operand, compiler);
  return (frame) => {
    const value = read?.(frame);
    return isMissing(value) ? undefined : textOf(value).trim();
  };
}

interface UnitArgument {
  readonly scheme: UnitScheme;
  readonly item?: Operand;
  readonly quantity?: Operand;
  readonly packSize?: Operand;
  readonly give?: 'code' | 'quantityPerUnit' | 'ofUnit';
  readonly reverse?: boolean;
}

/** A partner's code of a unit, to Recommendation 20/21, or to what one of it holds; with `reverse`, from there. */
function unit(argument: unknown, compiler: ValueCompiler): Transform {
  const {
    scheme,
    give = 'code',
    reverse = false,
    ...operands
  } = (typeof argument === 'string' ? { scheme: argument } : argument) as UnitArgument;
  if (reverse) {
    if (give !== 'code') throw new SpecFault('with reverse, only the code can be given');
    return { run: (value) => partnersCode(scheme, codeOf(value)) };
  }
  const place = compiler.nextPlace();
  const item = optional(operands.item, compiler);
  const quantity = optional(operands.quantity, compiler);
  const packSize = optional(operands.packSize, compiler);
  return {
    run: (value, frame) => {
      const code = codeOf(value);
      const about = item(frame);
      const key = { kind: 'unit', code, scheme, ...(about === undefined ? {} : { item: about }) } as const;
      // What was taught goes first: a partner may mean another thing than its code list does.
      const taught = taughtOf(ask(frame, place, () => ({ type: 'reference', key })));
      const told: Told = {
        partner: frame.run.context.partnerId,
        scheme,
        code,
        item: about,
        quantity: quantity(frame),
        packSize: packSize(frame),
      };
      const listed = resolveUnit(scheme, code);
      const meaning = taught?.target ?? (listed.type === 'known' ? listed.code : undefined);
      if (meaning === undefined) throw unitUnknown(told, listed);
      return give === 'code' ? meaning : content(meaning, taught, told)[give];
    },
  };
}

interface Told {
  readonly partner: string;
  readonly scheme: string;
  readonly code: string;
  readonly item: string | undefined;
  readonly quantity: string | undefined;
  readonly packSize: string | undefined;
}

/** What one unit holds: by definition, as it was taught for the item, or as the message says. */
function content(
  meaning: string,
  taught: Taught | undefined,
  told: Told,
): { readonly quantityPerUnit: string; readonly ofUnit: string } {
  const found = unitOf(meaning);
  if (found?.kind === 'count' && found.factor !== undefined) {
    return { quantityPerUnit: found.factor, ofUnit: 'EA' };
  }
  if (found !== undefined && found.kind !== 'packaging') return { quantityPerUnit: '1', ofUnit: meaning };
  const said = told.packSize === undefined ? undefined : readDecimal(told.packSize);
  const known = taught?.quantityPerUnit ?? undefined;
  if (known !== undefined) {
    if (said !== undefined && !said.eq(known)) {
      throw new ValueFault(
        `the message says ${toPlain(said)} per ${told.code}, and ${known} ${taught?.ofUnit ?? 'EA'} were taught: one of them is wrong`,
        { code: 'PACK_SIZE_DIFFERS', kind: 'business', facts: factsOf(told) },
      );
    }
    return { quantityPerUnit: known, ofUnit: taught?.ofUnit ?? 'EA' };
  }
  if (said?.gt(0) === true) return { quantityPerUnit: toPlain(said), ofUnit: 'EA' };
  const about = told.item === undefined ? 'the item' : `the item ${told.item}`;
  throw new ValueFault(
    `"${told.code}" is ${unitName(meaning)}, and nothing says how much of ${about} it holds: ${told.quantity ?? '1'} ${told.code} of ? EA. Teach it for this item`,
    { code: 'UNIT_UNKNOWN', kind: 'business', facts: { ...factsOf(told), reason: 'content', meaning } },
  );
}

function factsOf(
  { partner, scheme, code, item, quantity, packSize }: Told,
  itemAs: 'item' | 'forItem' = 'item',
): Record<string, string> {
  return {
    partner,
    scheme,
    unit: code,
    ...(item === undefined ? {} : { [itemAs]: item }),
    ...(quantity === undefined ? {} : { quantity }),
    ...(packSize === undefined ? {} : { packSize }),
  };
}

function unitUnknown(told: Told, listed: Resolved): ValueFault {
  const { code, partner, scheme } = told;
  const candidates =
    listed.type === 'ambiguous'
      ? listed.candidates
      : suggestUnits(code, scheme as UnitScheme).map((one) => one.code);
  const list =
    listed.type === 'ambiguous'
      ? `"${code}" may mean ${words(listed.candidates)}`
      : `"${code}" is no unit that is known here`;
  return new ValueFault(`${list}: ${unitArithmetic(told, candidates)}. Teach what ${partner} means by it`, {
    code: 'UNIT_UNKNOWN',
    kind: 'business',
    // All letters that wait for this code are one group, whatever the item is.
    facts: { ...factsOf(told, 'forItem'), arithmetic: unitArithmetic(told, candidates) },
  });
}

function words(codes: readonly string[]): string {
  const names = codes.map(unitName);
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

/** "12 CS of 24 EA = 288 EA if CS is a case of 24, or 12 EA if it is single pieces; nothing says so yet". */
export function unitArithmetic(
  told: Pick<Told, 'code' | 'quantity' | 'packSize'>,
  candidates: readonly string[],
): string {
  const { code } = told;
  const quantity = readDecimal(told.quantity ?? '');
  const size = readDecimal(told.packSize ?? '');
  const amount = quantity === undefined ? '1' : toPlain(quantity);
  const pack = candidates.find((candidate) => unitOf(candidate)?.kind === 'packaging');
  const name = pack === undefined ? 'a packaging' : `a ${unitOf(pack)?.name.toLowerCase().split(',')[0]}`;
  if (size?.gt(0) === true) {
    const all = toPlain(size.times(quantity ?? 1));
    const held = toPlain(size);
    return `${amount} ${code} of ${held} EA = ${all} EA if ${code} is ${name} of ${held}, or ${amount} EA if it is single pieces; nothing says so yet`;
  }
  const counted = candidates.find((candidate) => unitOf(candidate)?.kind === 'count');
  const factor = counted === undefined ? undefined : unitOf(counted)?.factor;
  if (counted !== undefined && factor !== undefined && pack === undefined) {
    return `${amount} ${code} = ${toPlain((quantity ?? readDecimal('1'))?.times(factor) as NonNullable<typeof quantity>)} EA if ${code} is ${unitName(counted)}; nothing says so yet`;
  }
  return `${amount} ${code} = ${amount} EA if ${code} is single pieces, and ${amount} times what one holds if it is ${name}; nothing says so yet`;
}

function partnersCode(scheme: UnitScheme, code: string): string {
  const alias = aliasOf(scheme, code);
  if (alias !== undefined) return alias;
  throw new ValueFault(`${unitName(code.slice(0, 40))} has no code in the list ${scheme}`, {
    code: 'UNIT_UNKNOWN',
    kind: 'business',
    facts: { scheme, unit: code.slice(0, 40), reason: 'no code in this list' },
  });
}

/** A quantity in another unit: within one kind, packagings by what the message says that one holds. */
function convertUnit(argument: unknown, compiler: ValueCompiler): Transform {
  const { from, to, packSize } = argument as { from: Operand; to: Operand; packSize?: Operand };
  const [readFrom, readTo] = [compileOperand(from, compiler), compileOperand(to, compiler)];
  const held = optional(packSize, compiler);
  return {
    run: (value, frame) => {
      const [source, target] = [readFrom(frame), readTo(frame)];
      if (isMissing(source) || isMissing(target)) {
        throw new ValueFault('the quantity cannot be converted: a unit is missing');
      }
      const code = textOf(source);
      const size = held(frame);
      const packagings: Packaging[] = size === undefined ? [] : [{ unit: code, quantity: size, of: 'EA' }];
      const packed = unitOf(code)?.kind === 'packaging' ? packagings : [];
      try {
        return convert(number(value, compiler), code, textOf(target), packed).value;
      } catch (error) {
        throw error instanceof CrossdockError ? faultOf(error) : error;
      }
    },
  };
}

/** A GS1 key, checked. `invalid: "omit"` leaves a wrong one out instead of refusing the message. */
function gs1<T>(
  read: (value: unknown, argument: Gs1Argument) => Read<T>,
  give: (found: T, argument: Gs1Argument) => string,
) {
  return (given: unknown): Transform => {
    const argument = (given === true ? {} : (given ?? {})) as Gs1Argument;
    return {
      run: (value) => {
        const plain = typeof value === 'object' ? textOf(value) : value;
        const found = read(plain, argument);
        if ('value' in found) return give(found.value, argument);
        if (argument.invalid === 'omit') return undefined;
        throw new ValueFault(found.fault);
      },
    };
  };
}

interface Gs1Argument {
  readonly invalid?: 'fail' | 'omit';
  /** Digits to give a GTIN in: all 14, or those it was meant with. */
  readonly digits?: '14' | 'own';
  readonly upcE?: boolean;
}

function gtinText({ gtin, length }: Gtin, { digits = '14' }: Gs1Argument): string {
  return digits === '14' ? gtin : gtin.slice(14 - length);
}

interface ItemArgument {
  readonly scheme?: string;
  readonly give?: 'value' | 'scheme' | 'packLevel' | 'quantityPerUnit' | 'ofUnit';
  readonly quantity?: Operand;
  readonly otherwise?: 'fail' | 'keep' | 'omit';
}

/** A partner's code of an item, to ours, or to what else was taught about it. */
function item(given: unknown, compiler: ValueCompiler): Transform {
  const argument = (typeof given === 'object' && given !== null ? given : {}) as ItemArgument;
  const { scheme, give = 'value', otherwise = 'fail' } = argument;
  const place = compiler.nextPlace();
  const quantity = optional(argument.quantity, compiler);
  return {
    run: (value, frame) => {
      const code = codeOf(value);
      const key = { kind: 'item', code, ...(scheme === undefined ? {} : { scheme }) } as const;
      const taught = taughtOf(ask(frame, place, () => ({ type: 'reference', key })));
      if (taught !== undefined) return itemMember(taught, give);
      if (otherwise === 'keep' && give === 'value') return code;
      if (otherwise !== 'fail') return undefined;
      const { partnerId } = frame.run.context;
      const amount = quantity(frame);
      throw new ValueFault(
        `nothing says which item ${partnerId} means by "${code}"${amount === undefined ? '' : ` (${amount} ordered)`}. Teach it`,
        {
          code: 'ITEM_UNKNOWN',
          kind: 'business',
          facts: {
            partner: partnerId,
            item: code,
            ...(scheme === undefined ? {} : { scheme }),
            ...(amount === undefined ? {} : { quantity: amount }),
          },
        },
      );
    },
  };
}

function itemMember(taught: Taught, give: NonNullable<ItemArgument['give']>): string {
  if (give === 'value') return taught.target;
  if (give === 'scheme') return taught.targetScheme;
  // A code of the item itself holds one of it.
  if (give === 'quantityPerUnit') return taught.quantityPerUnit ?? '1';
  return (give === 'packLevel' ? taught.packLevel : taught.ofUnit) ?? 'EA';
}

export const UNIT_TRANSFORMS: Factories = {
  unit,
  convertUnit,
  gtin: gs1((value, { upcE = false }) => readGtin(value, { upcE }), gtinText),
  gln: gs1(readGln, ({ gln }) => gln),
  sscc: gs1(readSscc, ({ sscc }) => sscc),
  item,
};
