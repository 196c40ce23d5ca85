/** The reconciler's part of the admin API (docs/reconciler.md). Sentences come in the editor's language. */

const fileTypes = { csv: 'text/csv', html: 'text/html', json: 'application/json' };

export function reconciliationApi(request, save, at) {
  const lang = () => RED.i18n.lang();
  const runAt = (run, path = '') => at(`reconciliations/${encodeURIComponent(run)}${path}`);
  return {
    reconcilers: () => request('GET', at('reconcilers')).then(({ reconcilers }) => reconcilers),
    startReconciler: (id) => request('POST', at(`reconcilers/${encodeURIComponent(id)}/start`), { body: {} }),
    runs: (reconciler, after, limit) =>
      request('GET', at('reconciliations'), { query: { reconciler, after, limit } }),
    run: (run) => request('GET', runAt(run), { query: { lang: lang() } }),
    differences: (run, filter, after, limit) =>
      request('GET', runAt(run, '/differences'), { query: { ...filter, after, limit, lang: lang() } }),
    difference: (run, number, personal) =>
      request('GET', runAt(run, `/differences/${number}`), {
        query: { personal: personal ? 1 : undefined, lang: lang() },
      }),
    approve: (run, body) => request('POST', runAt(run, '/approve'), { body }),
    withdrawApproval: (run, approval) =>
      request('POST', runAt(run, `/approvals/${encodeURIComponent(approval)}/withdraw`), { body: {} }),
    redirectApproval: (run, approval, target) =>
      request('POST', runAt(run, `/approvals/${encodeURIComponent(approval)}/redirect`), {
        body: { target },
      }),
    cancelRun: (run) => request('POST', runAt(run, '/cancel'), { body: {} }),
    /** @param format csv, html or json */
    saveReconciliation: (run, format, filter, name) =>
      save(
        runAt(run, `/report.${format}`),
        { ...filter, lang: lang() },
        `${name}.${format}`,
        fileTypes[format],
      ),
  };
}
