/**
 * The errors that a real Odoo answers with, by the names and sentences that were seen on Odoo 19.0.
 *
 * `name` is the Python class with its module, `status` what JSON-2 answers with. `sandbox.NotSupported` is the one
 * error of our own: the real server could do this, the stand-in cannot, and it does not invent an answer.
 */
export class OdooError extends Error {
  constructor(
    readonly pythonName: string,
    message: string,
    readonly status: number,
    readonly args: readonly unknown[] = [message],
  ) {
    super(message);
    this.name = 'OdooError';
  }

  /** Whether Python's `except UserError` catches it (ValidationError, AccessError and MissingError derive from it). */
  get isUserError(): boolean {
    return /^odoo\.exceptions\.(UserError|ValidationError|AccessError|MissingError)$/.test(this.pythonName);
  }
}

/** An error that PostgreSQL would have raised. What becomes of it depends on who catches it (a call, or `load`). */
export class DatabaseError extends Error {
  constructor(
    readonly kind: 'not-null' | 'check' | 'unique' | 'foreign-key' | 'serialization' | 'datatype',
    message: string,
    readonly model?: string,
    readonly field?: string,
  ) {
    super(message);
    this.name = 'DatabaseError';
  }
}

const exception = (name: string, message: string, status: number) =>
  new OdooError(`odoo.exceptions.${name}`, message, status);
const builtin = (name: string, message: string) => new OdooError(`builtins.${name}`, message, 500);
const werkzeug = (name: string, message: string, status: number) =>
  new OdooError(`werkzeug.exceptions.${name}`, message, status, [message, status]);

export const accessDenied = () => exception('AccessDenied', 'Access Denied', 403);
export const accessError = (message: string) => exception('AccessError', message, 403);
export const userError = (message: string) => exception('UserError', message, 422);
export const validationError = (message: string) => exception('ValidationError', message, 422);
export const missingError = (model: string, id: number, uid: number) =>
  exception(
    'MissingError',
    `Record does not exist or has been deleted.\n(Record: ${model}(${id},), User: ${uid})`,
    404,
  );

export const valueError = (message: string) => builtin('ValueError', message);
export const typeError = (message: string) => builtin('TypeError', message);
export const keyError = (key: string) => builtin('KeyError', key);
export const indexError = () => builtin('IndexError', 'list index out of range');
export const attributeError = (message: string) => builtin('AttributeError', message);
export const assertionError = (message: string) => builtin('AssertionError', message);
export const plainException = (message: string) => builtin('Exception', message);

export const notFound = (message: string) => werkzeug('NotFound', message, 404);
export const unprocessable = (message: string) => werkzeug('UnprocessableEntity', message, 422);
export const unauthorized = (message: string) => werkzeug('Unauthorized', message, 401);
export const badRequest = (message: string) => werkzeug('BadRequest', message, 400);

/** PostgreSQL's complaint about a value that is no number, as a query with it in it raises. */
export const invalidText = (type: string, value: string) =>
  new OdooError(
    'psycopg2.errors.InvalidTextRepresentation',
    `invalid input syntax for type ${type}: "${value}"\n`,
    500,
  );

/** What the real server could do and the stand-in cannot. */
export const notSupported = (what: string) =>
  new OdooError('sandbox.NotSupported', `sandbox: not supported: ${what}`, 501);

/** The body of an error: JSON-2 answers with it, JSON-RPC carries it in `error.data`. */
export function errorBody(error: OdooError): Record<string, unknown> {
  return {
    name: error.pythonName,
    message: error.message,
    arguments: error.args,
    context: {},
    debug: `Traceback (most recent call last):\n  File "sandbox/odoo", line 1, in dispatch\n${error.pythonName}: ${error.message}\n`,
  };
}
