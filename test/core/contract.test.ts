import assert from 'node:assert/strict';
import { builtinContracts, ContractRegistry, contracts, problemsToSentence } from '../../core/contract';
import { CrossdockError } from '../../core/errors';

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return error instanceof CrossdockError ? error.code : String(error);
  }
  return 'none';
};

const PERSON = {
  type: 'object',
  additionalProperties: false,
  required: ['mail', 'size'],
  properties: {
    mail: {
      title: 'e-mail address',
      type: 'string',
      format: 'email',
      examples: ['a@example.com'],
      'x-class': 'pii',
    },
    size: { type: 'string', enum: ['S', 'M'], 'x-class': 'public' },
    lines: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        properties: { itemCount: { type: 'integer', minimum: 1, 'x-class': 'internal' } },
      },
    },
  },
};

describe('contract registry', () => {
  const registry = new ContractRegistry();
  registry.register({ name: 'person', version: '1.0', schema: PERSON });
  const sentences = (value: unknown) =>
    registry.validate('person', '1.0', value).map((problem) => problem.message);

  it('accepts what keeps the contract', () =>
    assert.deepEqual(sentences({ mail: 'a@example.com', size: 'S' }), []));

  it('says what must be there and what is there instead, in words', () => {
    assert.deepEqual(sentences({ size: 'XXL', lines: [{ itemCount: 2 }, { itemCount: 0 }], 'a/b': 1 }), [
      'the e-mail address must be text, for example "a@example.com"; it is missing',
      'the field "a/b" is not known to this contract',
      'the field "size" must be one of S, M; it is "XXL"',
      'lines 2: the field "itemCount" must be at least 1; it is the number 0',
    ]);
    assert.deepEqual(sentences(null), ['the message must be an object; it is null']);
  });

  it('points to the place', () => {
    const [problem] = registry.validate('person', '1.0', { mail: 'a@example.com', size: 'S', 'a/b~': 1 });
    assert.equal(problem?.path, '/a~1b~0');
  });

  it('never quotes personal data', () => {
    const [sentence] = sentences({ mail: 'not-a-mail-of-Ada', size: 'S' });
    assert.match(sentence ?? '', /it is a text of 17 character/);
    assert.doesNotMatch(sentence ?? '', /Ada/);
  });

  it('shortens what it quotes, and the list of problems', () => {
    assert.ok((sentences({ mail: 'a@example.com', size: 'x'.repeat(5000) })[0] ?? '').length < 150);
    const lines = Array.from({ length: 400 }, () => ({ itemCount: 0 }));
    const problems = registry.validate('person', '1.0', { mail: 'a@example.com', size: 'S', lines });
    assert.equal(problems.length, 50);
    assert.match(problemsToSentence(problems), /lines 1: .*; lines 2: .*; lines 3: .*; and 47 more$/);
  });

  it('never changes a contract in place, and names what is unknown', () => {
    assert.equal(
      codeOf(() => registry.register({ name: 'person', version: '1.0', schema: {} })),
      'CONTRACT_EXISTS',
    );
    assert.equal(
      codeOf(() => registry.validate('person', '2.0', {})),
      'CONTRACT_UNKNOWN',
    );
    assert.deepEqual(registry.list(), [
      { name: 'person', version: '1.0', title: 'person', own: false, life: {}, partner: undefined },
    ]);
  });

  it('takes a contract out again, but never the one that has its place now', () => {
    const fresh = new ContractRegistry();
    const first = fresh.register({ name: 'acme', version: '1.0', schema: { type: 'string' }, own: true });
    first();
    assert.equal(fresh.has('acme', '1.0'), false);
    fresh.register({ name: 'acme', version: '1.0', schema: { type: 'number' }, own: true });
    first();
    assert.deepEqual(fresh.validate('acme', '1.0', 1), []);
  });

  it('says which versions there are of a contract whose version is unknown', () => {
    assert.throws(() => registry.validate('person', '2.0', {}), /Known versions of it are: 1\.0\./);
    assert.throws(() => registry.validate('nobody', '2.0', {}), /Known are: person\./);
  });

  it('keeps no faulty message after its validation', () => {
    const message = { mail: 'a@example.com', size: 'XXL' };
    const validate = registry.validator('person', '1.0');
    assert.equal(validate(message).length, 1);
    assert.deepEqual(validate({ mail: 'a@example.com', size: 'S' }), []);
  });

  it('refuses a faulty schema when it is used', () => {
    const faulty = new ContractRegistry();
    faulty.register({ name: 'x', version: '1.0', schema: { type: 'object', propertees: {} } });
    assert.equal(
      codeOf(() => faulty.validate('x', '1.0', {})),
      'CONTRACT_INVALID',
    );
  });

  it('tells how sensitive a field is; what stands above counts where nothing is said', () => {
    const built = builtinContracts();
    assert.equal(built.classOf('order', '1.0', '/parties/buyer/address/line1'), 'pii');
    assert.equal(built.classOf('order', '1.0', '/lines/0/item/identifiers/0/value'), 'internal');
    assert.equal(built.classOf('order', '1.0', '/no/such/place'), undefined);
  });
});

describe('built-in contracts', () => {
  it('all compile in strict mode', () => {
    const all = contracts().list();
    assert.deepEqual(
      all
        .map(({ name }) => name)
        .filter((name) => ['order', 'shopify-order', 'woocommerce-order'].includes(name)),
      ['order', 'shopify-order', 'woocommerce-order'],
    );
    for (const { name, version } of all) assert.ok(contracts().validate(name, version, 42).length > 0, name);
  });

  it('have one for a partner without a contract, for custom mappings', () => {
    assert.deepEqual(contracts().validate('any-object', '1.0', { Bestellung: { Nr: 7 } }), []);
    assert.ok(contracts().validate('any-object', '1.0', ['an order']).length > 0);
  });

  it('name the canonical quantity that is missing', () => {
    const [problem] = contracts()
      .validate('order', '1.0', { lines: [{}, { quantity: { original: '3' } }] })
      .filter(({ path }) => path === '/lines/1/quantity/current');
    assert.equal(
      problem?.message,
      'lines 2, quantity: the current quantity must be a decimal number as text, for example "3"; it is missing',
    );
  });
});
