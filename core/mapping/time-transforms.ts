/** Transforms of times. */

import { isZone } from '../zones';
import { compileDateFormat, type DateFormat, DateFormatFault } from './date-format';
import { DateFault, toUtc, utcMilliseconds } from './dates';
import { SpecFault, textOf, ValueFault } from './frame';
import type { Factories, Transform } from './transform';
import type { ValueCompiler } from './value';

interface DateArgument {
  readonly zone?: string;
  readonly format?: string | readonly string[];
  readonly output?: { readonly format?: string; readonly zone?: string };
}

function date(argument: unknown, compiler: ValueCompiler): Transform {
  const { zone, format, output } = (argument ?? {}) as DateArgument;
  for (const name of [zone, output?.zone]) {
    if (name !== undefined && !isZone(name))
      throw new SpecFault(`"${name}" is not a time zone like Europe/Berlin`);
  }
  const formats = format === undefined ? undefined : [format].flat().map(formatOf);
  const written = output?.format === undefined ? undefined : formatOf(output.format);
  const guarded =
    (work: (text: string) => unknown): Transform['run'] =>
    (value) => {
      try {
        return work(textOf(value));
      } catch (fault) {
        if (fault instanceof DateFault) throw new ValueFault(`${compiler.name(value)} ${fault.message}`);
        throw fault;
      }
    };
  if (formats === undefined && output === undefined) return { run: guarded((text) => toUtc(text, zone)) };
  // A day that is written as a day again has no use for a zone.
  const dayZone = zone ?? (written?.dayOnly === true && output?.zone === undefined ? 'UTC' : undefined);
  const outputZone = output?.zone ?? (written?.dayOnly === true ? dayZone : undefined) ?? 'UTC';
  return {
    run: guarded((text) => {
      const time = read(text, formats, dayZone);
      if (written !== undefined) return written.write(time, outputZone);
      return new Date(time).toISOString().replace('.000Z', 'Z');
    }),
  };
}

function read(text: string, formats: readonly DateFormat[] | undefined, zone: string | undefined): number {
  if (formats === undefined) return utcMilliseconds(text, zone);
  for (const format of formats) {
    const time = format.read(text.trim(), zone);
    if (time !== undefined) return time;
  }
  throw new DateFault(`is not a time in the format ${formats.map(({ pattern }) => pattern).join(' or ')}`);
}

function formatOf(pattern: string): DateFormat {
  try {
    return compileDateFormat(pattern);
  } catch (fault) {
    throw fault instanceof DateFormatFault ? new SpecFault(fault.message) : fault;
  }
}

export const TIME_TRANSFORMS: Factories = { date };
