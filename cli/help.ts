export const HELP = `crossdock dead-letters <command> [options]

Looks at the dead letters of a gateway, and replays them.

  stores                          stores that the gateway has open
  groups                          parked letters by cause
  list                            letters, newest first
  show <letter>                   one letter: attempts, contents
  discard <letter...>             marks letters as handled; needs --reason
  audit                           who did what

  basket list                     replay baskets
  basket create <letter...>       a frozen set of letters: those named, or by filter
  basket show <basket>            its state and progress
  basket items <basket>           its messages, and what the dry run says of them
  basket dry-run <basket>         tries each with the current mapping; sends nothing
  basket edit <basket> <item>     replaces what will be sent by standard input; --revert takes it back
  basket start <basket>           sends them; --rate per second (50), --into a replay node's id
  basket pause|resume|cancel <basket>
  basket watch <basket>           shows the progress until it is finished, paused or cancelled
  basket report <basket>          what did not end well, and who did what

Letters are chosen by name or by filter; --all is everything that is parked:
  --cause <id>  --source <name>  --from <time>  --to <time>  --q <text>  --all

crossdock cross-references <command> [options]

What partners' codes of units and items stand for.

  list                            codes, newest first; --partner --kind unit|item --q --state active|replaced|retired
  conflicts                       codes with two meanings, items with two codes
  import < codes.csv              takes a CSV file in; --dry-run only tells what would change, --replace ends what
                                  means something else today
  export > codes.csv              all codes, or those of --partner, --kind, --q

crossdock contracts <command> [options]

Contracts, and what a change of one would break.

  check <old> <new>               compares, without a gateway; each is a file with a JSON Schema, a kept contract
                                  (crossdock/contracts/<name>/<version>.json), or one of Crossdock like order@1.0
                                  --mode backward (default) | forward | full
                                  --transitive <oldest> ... <new>   compares with all of them
                                  ends with 0 compatible, 1 something breaks, 2 not understood or not readable
  list                            contracts of the gateway: state, last day, how many nodes use them
  openapi, asyncapi               its webhooks and event channels, described

Options:
  --url <address>    the gateway's editor (CROSSDOCK_URL, else http://127.0.0.1:1880)
  --token <token>    of Node-RED's admin API (CROSSDOCK_TOKEN)
  --store <id|name>  when the gateway has several
  --state <state>    parked (default), replayed, discarded
  --limit <n>        entries (100)      --after <cursor>  the next page
  --name <name>      of a new basket    --reason <text>   of a discard
  --personal         shows personal data; noted in the audit
  --json             the API's answer as it is
`;
