/** From scores to confidence: how often suggestions of such a score were right on the ready mappings. */

/**
 * Score -> share that was right. Of the best suggestions for required fields over all ready mappings and fixtures
 * (test/core/mapping-suggest.test.ts holds this to what it measures, in steps of 0.1); between two points a straight line.
 */
const CURVE: readonly (readonly [score: number, right: number])[] = [
  [0, 0],
  [0.4, 0.4],
  [0.7, 0.7],
  [0.75, 0.8],
  [0.85, 0.84],
  [0.9, 0.92],
  [0.95, 0.97],
  [1, 0.98],
];

export function confidenceOf(score: number): number {
  const at = Math.min(1, Math.max(0, score));
  for (let index = 1; index < CURVE.length; index += 1) {
    const [high, right] = CURVE[index] as readonly [number, number];
    const [low, below] = CURVE[index - 1] as readonly [number, number];
    if (at > high) continue;
    return Math.round((below + ((at - low) / (high - low)) * (right - below)) * 100) / 100;
  }
  return 0;
}
