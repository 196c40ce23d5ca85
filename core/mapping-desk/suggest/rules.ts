/** Rules from a target and the source field that was found for it: with the transforms that its values need. */
import type { Rule, TransformSpec } from '../../mapping';
import type { ContractField, Reason } from '../api';
import { dateStyle, decimalStyle, hasZone } from '../looks';
import { enumTable } from './enums';
import type { Candidate } from './source';
import { unitTable } from './units';

export interface Made {
  readonly transforms: readonly TransformSpec[];
  readonly reasons: readonly Reason[];
  /** What is taken off the score for what is only guessed. */
  readonly doubt: number;
  /** Needs the row that sets `$currency`. */
  readonly money: boolean;
}

/** The transforms that bring a field's values into the target's form. */
export function transformsFor(target: ContractField, { field }: Candidate): Made {
  const { type, examples } = field;
  const made = (
    transforms: readonly TransformSpec[],
    reasons: readonly Reason[] = [],
    doubt = 0,
    money = false,
  ): Made => ({
    transforms,
    reasons,
    doubt,
    money,
  });
  const asText = type === 'number' ? (['string'] as const) : (['trim'] as const);
  if (target.format === 'date-time' || target.format === 'date') return times(examples);
  if (target.path === 'externalRevision' && (field.looks === 'time' || field.looks === 'date'))
    return times(examples);
  if (target.type === 'decimal' || target.type === 'number' || target.type === 'integer')
    return decimals(target, type, examples);
  if (target.type === 'boolean') return made(['boolean']);
  if (target.format === 'iso-4217') return made(['trim', 'upper']);
  if (/countryCode$/.test(target.path)) return made(['country']);
  if (/(?:^|\.)unit$/.test(target.path)) {
    const { values, unknown } = unitTable(examples);
    if (Object.keys(values).length === 0) return made(['trim', 'upper'], [], 0.3);
    const reasons: Reason[] = [
      { kind: 'enum', text: `The partner's units become codes of UN/ECE Rec 20: ${pairs(values)}.` },
    ];
    return made(['trim', { enum: { values } }], reasons, unknown > 0 ? 0.25 : 0);
  }
  if (target.enum !== undefined) {
    const { values, unknown } = enumTable(examples, target.enum);
    const text = `The partner's words become ours: ${pairs(values)}.`;
    const same = Object.entries(values).every(([from, to]) => from === to);
    if (Object.keys(values).length === 0) return made(asText, [], 0.4);
    return made(same ? asText : ['trim', { enum: { values } }], [{ kind: 'enum', text }], 0.25 * unknown);
  }
  if (/(?:^|\.)email$/.test(target.path)) return made(['trim', 'lower']);
  // Ids of GraphQL: gid://shopify/Order/123.
  if (examples.some((text) => text.startsWith('gid://'))) {
    const text = 'The id is the last part of what is sent.';
    return made(['string', { split: { separator: '/', index: -1 } }], [{ kind: 'value', text }]);
  }
  return made(type === 'number' ? ['string'] : ['string', 'trim']);
}

function pairs(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .slice(0, 6)
    .map(([from, to]) => `${from} = ${String(to)}`)
    .join(', ');
}

const FORMATS = { dmy: 'dd', mdy: 'MM', compact: 'yyyyMMdd' } as const;

function times(examples: readonly string[]): Made {
  const texts = examples.map((text) => text.trim());
  const style = dateStyle(texts);
  const reasons: Reason[] = [];
  if (
    style === 'iso' &&
    (hasZone(texts) || texts.every((text) => /^\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:?\d{2})$/.test(text)))
  )
    return { transforms: ['date'], reasons, doubt: 0, money: false };
  const zone = 'UTC';
  reasons.push({
    kind: 'value',
    text: "It says no time zone: UTC is assumed; set the partner's own, for example Europe/Berlin.",
  });
  if (style === 'iso' || style === undefined)
    return { transforms: [{ date: { zone } }], reasons, doubt: 0.05, money: false };
  const format = `${formatOf(style, texts)}${timeOf(texts)}`;
  reasons.push({ kind: 'value', text: `Its days are written as ${format}.` });
  const doubt = style === 'mdy' || texts[0]?.includes('/') === true ? 0.1 : 0.05;
  return { transforms: [{ date: { format, zone } }], reasons, doubt, money: false };
}

function formatOf(style: 'dmy' | 'mdy' | 'compact', texts: readonly string[]): string {
  if (style === 'compact') return FORMATS.compact;
  const mark = texts[0]?.includes('/') === true ? '/' : '.';
  const short = texts.some((text) => /^\d[./]|[./]\d[./]/.test(text));
  const [day, month] = short ? ['d', 'M'] : ['dd', 'MM'];
  return style === 'mdy' ? `${month}${mark}${day}${mark}yyyy` : `${day}${mark}${month}${mark}yyyy`;
}

function timeOf(texts: readonly string[]): string {
  if (texts.every((text) => /\d{1,2}:\d{2}:\d{2}$/.test(text))) return ' HH:mm:ss';
  return texts.every((text) => /\d{1,2}:\d{2}$/.test(text)) ? ' HH:mm' : '';
}

/** Amounts of money: rounded to the currency, so that totals can foot. */
export function isMoney(path: string): boolean {
  return /^totals\.|\.amount$|(?:P|p)rice\.amount$/.test(path) && !/quantity|measure|weight/i.test(path);
}

function decimals(target: ContractField, type: string, examples: readonly string[]): Made {
  const style = type === 'number' ? undefined : decimalStyle(examples);
  const comma = style?.mark === ',' || (style !== undefined && style.group !== '');
  const read: TransformSpec = comma
    ? { decimal: { mark: style.mark, ...(style.group === '' ? {} : { group: style.group }) } }
    : 'decimal';
  const reasons: Reason[] = comma
    ? [
        {
          kind: 'value',
          text: `Numbers are written with a decimal ${style.mark === ',' ? 'comma' : 'point'}, for example ${examples[0]}.`,
        },
      ]
    : [];
  if (target.type !== 'decimal') return { transforms: [read, 'number'], reasons, doubt: 0, money: false };
  if (!isMoney(target.path)) return { transforms: [read], reasons, doubt: 0, money: false };
  const digits = /unitPrice\.amount$/.test(target.path) ? { digits: 6, min: 'currency' } : 'currency';
  return { transforms: [read, { round: digits }], reasons, doubt: 0, money: true };
}

/** How a number of the sample is read, for rules that calculate. */
export function numberOf(candidate: Candidate): TransformSpec {
  const style = candidate.field.type === 'number' ? undefined : decimalStyle(candidate.field.examples);
  if (style === undefined || (style.mark === '.' && style.group === '')) return 'decimal';
  return { decimal: { mark: style.mark, ...(style.group === '' ? {} : { group: style.group }) } };
}

export function ruleOf(
  target: string,
  from: Rule['from'],
  transforms: readonly TransformSpec[],
  required: boolean,
): Rule {
  return {
    target,
    ...(from === undefined ? {} : { from }),
    ...(transforms.length === 0 ? {} : { transforms }),
    ...(required ? { required } : {}),
  };
}
