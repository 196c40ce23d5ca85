/** What a difference is, in words of an analyst. */
import type { FieldPlan } from './compare';

export interface Labels {
  readonly left: string;
  readonly right: string;
  readonly key: string;
  /** Several fields are compared, so that sentences name them. */
  readonly nameFields: boolean;
}

export function differs(
  labels: Labels,
  key: string,
  plan: FieldPlan,
  left: string | null,
  right: string | null,
  delta: string | null,
): string {
  const about = labels.nameFields ? `${labels.key} ${key}, ${plan.label}` : `${labels.key} ${key}`;
  const says = `${about}: ${labels.left} says ${left ?? 'nothing'}, ${labels.right} says ${right ?? 'nothing'}`;
  return delta === null ? `${says}.` : `${says} (${howMuch(delta, plan)}).`;
}

function howMuch(delta: string, plan: FieldPlan): string {
  const less = delta.startsWith('-');
  const size = less ? delta.slice(1) : delta;
  if (plan.field.type === 'time')
    return `${size} ${size === '1' ? 'second' : 'seconds'} ${less ? 'earlier' : 'later'}`;
  return `${size} ${less ? 'fewer' : 'more'}`;
}

export function missing(labels: Labels, key: string, side: 'left' | 'right', values: string): string {
  const [here, there] = side === 'left' ? [labels.right, labels.left] : [labels.left, labels.right];
  const known = values === '' ? 'has it' : `says ${values}`;
  return `${labels.key} ${key}: ${here} ${known}, ${there} does not know it.`;
}

export function duplicate(labels: Labels, key: string, source: string, times: number): string {
  return `${labels.key} ${key}: ${times} records in ${source}; only the first is compared.`;
}

export function noKey(labels: Labels, source: string, row: number, path: string): string {
  return `Record ${row} of ${source} cannot be compared: it has no ${labels.key} (field ${path}).`;
}

export function badValue(
  labels: Labels,
  key: string,
  source: string,
  plan: FieldPlan,
  value: string | null,
): string {
  const wanted = plan.field.type === 'time' ? 'a time' : 'a number';
  const what = value === null ? `is missing` : `is "${value}", which is not ${wanted}`;
  return `${labels.key} ${key}: ${plan.label} in ${source} ${what}.`;
}
