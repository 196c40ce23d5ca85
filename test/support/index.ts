export { type NodeRed, type SpawnNodeRedOptions, spawnNodeRed } from './node-red';
export { freePort } from './ports';
export { startTcpProxy, type TcpProxy, type TcpProxyOptions } from './tcp-proxy';
export { type ProjectFolders, projectFolders, type TempDir, tempDir } from './temp';
export { type WaitOptions, waitFor } from './wait';
