export {
  type Admission,
  CircuitBreaker,
  type CircuitPolicy,
  type CircuitState,
  type Result,
  sharedCircuit,
  type Trial,
} from './breaker';
