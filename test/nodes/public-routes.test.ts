import assert from 'node:assert/strict';
import { normalisePath } from '../../nodes/shared/public-routes';

describe('a public path', () => {
  it('is the same with and without slashes around it', () => {
    for (const { path, same } of [
      { path: '', same: '/' },
      { path: '///', same: '/' },
      { path: 'in', same: '/in' },
      { path: '//a/b//', same: '/a/b' },
      { path: '/a//b', same: '/a//b' },
    ])
      assert.equal(normalisePath(path), same, path);
  });

  // Every request asks, before anybody knows who sends it.
  it('costs no more than it is long', () => {
    const slashes = '/'.repeat(1_000_000);
    assert.equal(normalisePath(`/a${slashes}b${slashes}`), `/a${slashes}b`);
  });
});
