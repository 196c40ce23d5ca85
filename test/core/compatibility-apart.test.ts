import assert from 'node:assert/strict';
import { checkApart } from '../../core/contract/compatibility/apart';
import type { CrossdockError } from '../../core/errors';

const of = (schema: Record<string, unknown>) => ({ version: '1.0', schema });

describe('a comparison in a process of its own', function () {
  this.timeout(20_000);

  it('gives the same verdict', async () => {
    const verdict = await checkApart([of({ type: 'string' })], of({ type: 'string', maxLength: 3 }));
    assert.equal(verdict.compatible, false);
    assert.equal(verdict.findings[0]?.code, 'TOO_LONG');
    assert.deepEqual(await checkApart([], of({})), { compatible: true, findings: [] });
  });

  it('leaves this process to its work', async () => {
    const wide = (required: string[]) => {
      const fields = Array.from({ length: 120 }, (_, index) => [
        `f${index}`,
        {
          anyOf: [
            { type: 'string', maxLength: index + 1 },
            { type: 'array', items: { type: 'integer' } },
          ],
        },
      ]);
      return of({ type: 'object', required, properties: Object.fromEntries(fields) });
    };
    let turns = 0;
    let ended = false;
    const turn = (): void => {
      turns += 1;
      if (!ended) setImmediate(turn);
    };
    turn();
    const verdict = await checkApart([wide([])], wide(['f1', 'f2']));
    ended = true;
    assert.equal(verdict.findings.length, 2);
    // In this thread it would be none at all.
    assert.ok(turns > 20, `${turns} turns`);
  });

  it('is ended at its limit', async () => {
    await assert.rejects(
      checkApart([of({ type: 'string' })], of({ type: 'number' }), { timeoutMs: 1 }),
      ({ code, message }: CrossdockError) => {
        assert.equal(code, 'COMPARISON_TOO_LARGE');
        return /could not be finished within 0\.001 seconds/.test(message);
      },
    );
  });

  it('makes two at once and no more', async () => {
    const one = () => checkApart([of({ type: 'string' })], of({ type: 'string' }));
    const outcomes = await Promise.allSettled([one(), one(), one()]);
    assert.deepEqual(
      outcomes.map((outcome) =>
        outcome.status === 'fulfilled' ? 'done' : (outcome.reason as CrossdockError).code,
      ),
      ['done', 'done', 'COMPARISON_BUSY'],
    );
    assert.equal((await one()).compatible, true);
  });

  it('tells why a schema cannot be compared', async () => {
    const huge = of({ description: 'x'.repeat(5 * 1024 * 1024) });
    await assert.rejects(
      checkApart([huge], of({})),
      ({ code }: CrossdockError) => code === 'CONTRACT_INVALID',
    );
  });
});
