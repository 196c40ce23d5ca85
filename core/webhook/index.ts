export { type ReadBodyOptions, readBody } from './body';
export { SIGNATURE_KINDS, type SignatureKind, signatureMatches } from './signature';
