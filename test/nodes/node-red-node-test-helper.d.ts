/** The part of node-red-node-test-helper 0.3.6 that the tests use; the package ships no types. */
declare module 'node-red-node-test-helper' {
  interface TestHelper {
    init(runtimePath: string): void;
    settings(settings: Record<string, unknown>): void;
    startServer(): Promise<void>;
    stopServer(): Promise<void>;
    load(nodes: readonly unknown[], flow: readonly object[], credentials?: object): Promise<void>;
    unload(): Promise<void>;
    setFlows(flow: readonly object[], type: 'full' | 'flows' | 'nodes'): Promise<void>;
    getNode(id: string): unknown;
    request(): unknown;
    /** A spy on Node-RED's log since the last load. */
    log(): { readonly args: readonly (readonly [{ readonly msg?: unknown }, ...unknown[]])[] };
  }
  const helper: TestHelper;
  export = helper;
}
