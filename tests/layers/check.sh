#!/usr/bin/env bash
# A folder includes from its own floor and the floors below it, never from above. Two more rules: no CAF and
# no RocksDB in protocol/, no CAF and no HTTP in storage/. Prints every wrong include; exits 1 if any.
set -u
cd "$(dirname "$0")/../.."
wrong=0
refuse() { # FOLDER PATTERN WHY
  local hits
  hits=$(grep -rnE "^\s*#\s*include\s+[<\"]($2)" --include='*.hpp' --include='*.cpp' "$1" 2>/dev/null)
  [ -z "$hits" ] && return
  printf '%s\n' "$hits" "  ^ $3" >&2
  wrong=1
}
refuse protocol '(storage|actors|tools|tests)/' "protocol/ is the lowest floor"
refuse storage '(actors|tools|tests)/' "storage/ may only include protocol/"
refuse actors '(tools|tests)/' "actors/ may only include storage/ and protocol/"
refuse tools 'tests/' "programs never include tests"
refuse protocol '(caf|rocksdb)/' "protocol/ knows neither CAF nor RocksDB"
refuse storage '(caf/|httplib)' "storage/ knows neither CAF nor HTTP"
refuse actors 'rocksdb/' "only storage/ knows RocksDB"
refuse tools 'rocksdb/' "only storage/ knows RocksDB"
[ $wrong = 0 ] && echo "layers: every include points down"
exit $wrong
