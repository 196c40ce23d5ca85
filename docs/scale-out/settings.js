// Both gateways: the flows come with the image, so nobody edits them here.
module.exports = {
  flowFile: 'flows.json',
  // flows_cred.json holds only names of environment variables, which are no secret.
  credentialSecret: false,
  httpAdminRoot: false,
  disableEditor: true,
  uiPort: 1880,
  logging: { console: { level: 'info', metrics: false, audit: false } },
  // Longer than the 8 s in which a source waits for what is in its flow before it hands the rest back.
  nodeCloseTimeout: 15000,
};
