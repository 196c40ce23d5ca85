/** Figures of stock that follow from each other. */
import type { Rule, TransformSpec } from '../../mapping';
import type { ContractField } from '../api';
import { type Context, type Draft, reason } from './context';
import { numberOf } from './rules';
import type { Candidate } from './source';

/** Stock that follows from the other figures. */
export function stockDrafts({ path }: ContractField, context: Context): Draft[] {
  const figure = (name: string): Candidate | undefined => context.best(name)?.candidate;
  const draft = (rule: Rule, score: number, text: string): Draft => ({
    rule,
    also: context.root,
    score,
    reasons: [reason('structure', text)],
  });
  const less = (name: 'add' | 'subtract', other: Candidate): TransformSpec => ({
    [name]: { from: other.path, transforms: [numberOf(other), { default: '0' }] },
  });
  if (!context.fields.has('onHand')) return [];
  const [onHand, reserved, available] = [figure('onHand'), figure('reserved'), figure('available')];
  if (path === 'reserved')
    return [draft({ target: path, const: '0' }, 0.6, 'Nothing is reserved where nothing is said.')];
  if (path === 'onHand' && available !== undefined) {
    const transforms = [numberOf(available), ...(reserved === undefined ? [] : [less('add', reserved)])];
    return [
      draft(
        { target: path, from: available.path, transforms, required: true },
        0.55,
        'What is available and what is reserved is there.',
      ),
    ];
  }
  if (path === 'available' && onHand !== undefined) {
    const transforms = [numberOf(onHand), ...(reserved === undefined ? [] : [less('subtract', reserved)])];
    return [
      draft(
        { target: path, from: onHand.path, transforms, required: true },
        0.55,
        'What is there less what is reserved.',
      ),
    ];
  }
  if (path === 'asOf')
    return [
      draft(
        { target: path, context: 'receivedAt', transforms: ['date'] },
        0.5,
        'The time when the message came.',
      ),
    ];
  return [];
}
