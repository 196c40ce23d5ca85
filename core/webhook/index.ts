export { type ReadBodyOptions, readBody } from './body';
export { type SignatureKind, signatureMatches, SIGNATURE_KINDS } from './signature';
